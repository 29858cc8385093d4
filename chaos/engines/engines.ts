import type { Victim } from '../victim.ts'

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
