import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import { Rounds } from '../database/rounds.ts'

/** In milliseconds. */
export type SilenceTimes = {
  /** How long a database says that the log is silent, as its clock counts. */
  silent: number
  /** For so long after a look at the databases servers rely on it that none is silent. */
  relied: number
  /** Whoever has said it waits for so long, which is longer. */
  heard: number
}

export const TIMES: SilenceTimes = { silent: 30_000, relied: 3_000, heard: 3_500 }

/** Longer than anything is remembered. */
const FORGOTTEN_MS = 11_000

/**
 * Says in a database that the log of changes is silent: for half a minute nobody relies on what is remembered. How long that
 * is the database's clock tells; how long a server waits, and relies, its own. No two clocks are compared.
 */
export class Silence {
  readonly #database: Database
  readonly #times: SilenceTimes
  readonly #said = new Rounds<never, void>(() => this.#say())
  #since = Number.POSITIVE_INFINITY
  #renewedAt = Number.NEGATIVE_INFINITY

  constructor(database: Database, times: SilenceTimes) {
    this.#database = database
    this.#times = times
  }

  /** Resolves when nobody remembers anything of before it was called, or will. */
  async isKnown(): Promise<void> {
    const calledAt = performance.now()
    try {
      if (!this.#lasts(calledAt)) await this.#said.join()
      await until(this.#since + this.#times.heard)
    } catch {
      await until(calledAt + FORGOTTEN_MS)
    }
  }

  /** Whether it goes on for as long as it takes to be heard, and a while. */
  #lasts(now: number): boolean {
    const { silent, heard } = this.#times
    return now - this.#renewedAt < silent - 1.5 * heard
  }

  async #say(): Promise<void> {
    const calledAt = performance.now()
    if (this.#lasts(calledAt)) return
    await this.#database.query(
      `update installation set silent_until = greatest(silent_until, now() + $1 * interval '1 ms')`,
      [this.#times.silent],
    )
    const isUnbroken = performance.now() - this.#renewedAt < this.#times.silent
    this.#since = isUnbroken ? this.#since : performance.now()
    this.#renewedAt = calledAt
  }
}

async function until(time: number): Promise<void> {
  await sleep(Math.max(0, time - performance.now()))
}

/** What a database says of itself: whose it is, whether the log is silent, and which shards it has, as a digest of them. */
export async function readInstallation(
  database: Database,
): Promise<{ id: string; isSilent: boolean; shards: string }> {
  const [row] = await database.read<{ id: string; isSilent: boolean; shards: string }>(
    `select id::text, silent_until > now() as "isSilent",
       (select sum(hashint8extended((shard::bigint << 32) + generation, 0))::text from shards where state = 'here') as shards
     from installation`,
  )
  if (!row) throw new Error('the database has no id of its installation')
  return { ...row, shards: row.shards ?? '' }
}
