import { setTimeout as sleep } from 'node:timers/promises'
import type { SharedCache } from '../../cache/shared-cache.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { ANYBODY, ChangeLog } from '../database/change-log.ts'
import type { Database, Tell } from '../database/database.ts'
import { Rounds } from '../database/rounds.ts'
import { readInstallation, Silence, type SilenceTimes, TIMES } from './silence.ts'

/** What forgets what has changed. */
export type Forgetful = { forget(names: Iterable<OwnerId>): void; forgetAll(): void }

/** So often while one is relied on. */
const LOOKS = 3
/** Nobody looks on for whom nobody asks. */
const IDLE_MS = 60_000

/**
 * Knows of all changes that were told before a moment. Who changes what others see, or whom they follow, tells of it before
 * anybody is answered (Database sees to that, by what triggers say), in a log in the shared cache. Who can't says in the database
 * that the log is silent, and waits until nobody relies on it any more; so nobody does without a look there every
 * few seconds.
 */
export class Changes implements AsyncDisposable {
  readonly #cache: SharedCache
  readonly #times: SilenceTimes
  readonly #forgetful: Forgetful[] = []
  readonly #silences = new WeakMap<Database, Silence>()
  readonly #asked = new Rounds<never, void>(() => this.#read())
  readonly #told = new Rounds<OwnerId | typeof ANYBODY, void>((names) => this.#tell(names))
  readonly #stopping = new AbortController()
  #databases: () => readonly Database[] = () => []
  #refresh: () => Promise<void> = async () => {}
  #log: ChangeLog | null = null
  #seen: string | null = null
  #reliedUntil = Number.NEGATIVE_INFINITY
  #shards = new Map<Database, string>()
  #askedAt = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | null = null

  constructor(cache: SharedCache, times: SilenceTimes = TIMES) {
    this.#cache = cache
    this.#times = times
  }

  /** The databases that have shards, and what finds out which these are. */
  follow(map: { databases(): readonly Database[]; refresh(): Promise<void> }): void {
    this.#databases = () => map.databases()
    this.#refresh = () => map.refresh()
  }

  /** From now on that one is told what to forget. */
  remind(forgetful: Forgetful): void {
    this.#forgetful.push(forgetful)
  }

  /**
   * Whether all that is remembered holds, but for changes that were not answered yet when this was asked. False when nobody can say:
   * what is remembered must not be used then.
   */
  async areKnown(): Promise<boolean> {
    this.#askedAt = performance.now()
    this.#looking ??= this.#lookOn().finally(() => {
      this.#looking = null
    })
    if (!this.#isRelied()) return false
    try {
      await this.#asked.join()
    } catch {
      return false
    }
    return this.#isRelied()
  }

  /** Tells all servers of what was changed in that database, and of what may have been, if nobody knows. */
  readonly tell: Tell = async (database, names) => {
    try {
      this.#log ??= new ChangeLog(this.#cache, await logKey(database))
      await this.#told.join(...(names === ANYBODY ? [ANYBODY as typeof ANYBODY] : names))
    } catch {
      const silence = this.#silences.get(database) ?? new Silence(database, this.#times)
      this.#silences.set(database, silence)
      await silence.isKnown()
    }
  }

  #isRelied(): boolean {
    return performance.now() < this.#reliedUntil
  }

  async #tell(names: readonly (OwnerId | typeof ANYBODY)[]): Promise<void> {
    await this.#log?.tell(names)
  }

  async #read(): Promise<void> {
    const log = this.#log
    if (!log) throw new Error('no database was looked at')
    const { names, seen } = await log.since(this.#seen)
    this.#seen = seen
    if (names === null) this.#forgetAll()
    else if (names.length > 0) for (const each of this.#forgetful) each.forget(names)
  }

  #forgetAll(): void {
    for (const each of this.#forgetful) each.forgetAll()
  }

  async #lookOn(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted && performance.now() - this.#askedAt < IDLE_MS) {
      await this.#look().catch(() => {})
      await sleep(this.#times.relied / LOOKS, undefined, { ref: false, signal }).catch(() => {})
    }
  }

  /**
   * Of databases that are silent nothing is known until they are no more, and after that nothing of before. The same where
   * shards came or went: they may have gone to a database that was not looked at.
   */
  async #look(): Promise<void> {
    const lookedAt = performance.now()
    const databases = this.#databases()
    const seen = await Promise.all(databases.map(readInstallation))
    const isMoved = databases.some((database, n) => {
      const before = this.#shards.get(database)
      return before !== undefined && before !== seen[n]?.shards
    })
    this.#shards = new Map(databases.map((database, n) => [database, seen[n]?.shards ?? '']))
    if (isMoved || seen.some(({ isSilent }) => isSilent)) {
      this.#reliedUntil = Number.NEGATIVE_INFINITY
      if (isMoved) await this.#refresh()
      return
    }
    this.#log ??= new ChangeLog(this.#cache, await logKey(databases[0] as Database))
    if (!this.#isRelied()) this.#forgetAll()
    this.#reliedUntil = lookedAt + this.#times.relied
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#looking
    this.#cache[Symbol.dispose]()
  }
}

async function logKey(database: Database): Promise<string> {
  const { id } = await readInstallation(database)
  return `darkroom:${id}:changes`
}
