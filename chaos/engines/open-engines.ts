import type { Log } from '../../src/log.ts'
import type { Random } from '../random.ts'
import { openCloud } from './cloud.ts'
import type { Engines, Places } from './engines.ts'

export const ENGINE_SETS = ['embedded', 'cloud'] as const
export type EngineSet = (typeof ENGINE_SETS)[number]

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
