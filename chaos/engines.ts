import type { Log } from '../src/log.ts'
import { openCloud } from './engines/cloud.ts'
import type { Random } from './random.ts'
import type { Victim } from './victim.ts'

export const ENGINE_SETS = ['embedded', 'cloud'] as const
export type EngineSet = (typeof ENGINE_SETS)[number]

/** What Darkroom works with besides itself. `env` leads it there; disposing ends it and removes its data. */
export type Engines = AsyncDisposable & {
  env: Record<string, string>
  victims: readonly Victim[]
  /** The URLs of those that are not Darkroom's own. */
  databases: readonly string[]
  /** What was decided about them, for the account. */
  remark: string
}

/** `disk` may be full at times; `folder` never is, for what is not ours to mend then. */
export type Places = { disk: string; folder: string }

export async function openEngines(
  set: EngineSet,
  places: Places,
  random: Random,
  log: Log,
): Promise<Engines> {
  switch (set) {
    case 'embedded':
      // Darkroom starts its PostgreSQL itself, and has its objects in its home.
      return { env: {}, victims: [], databases: [], remark: '', [Symbol.asyncDispose]: async () => {} }
    case 'cloud':
      return await openCloud(places, random, log)
  }
}
