import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { EngineUnavailableError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { databaseName } from '../../postgres/connections.ts'
import { sqlStateOf } from '../../postgres/errors.ts'
import { Database, type Select } from './database.ts'
import { type LogPlace, type PrimaryPlace, type ReplicaPlace, replayedBy, replicaOf } from './log-place.ts'
import { ReplayLag } from './replay-lag.ts'
import { Rounds } from './rounds.ts'

/** A look that takes longer tells that it does not answer. */
const LOOK_WITHIN_MS = 1_000
/** For so long a read waits for a replica to have what its database had when it was asked. */
const CATCH_UP_MS = 50
const CATCH_UP_STEP_MS = 2
/** After a read that waited in vain, no other does for so long. */
const LATE_MS = 250
/** It is not read from while it is further behind. */
const MOST_BEHIND_MS = 1_000
const MOST_BEHIND_BYTES = 64e6
/** And not before it has been well for so long, so that one that comes and goes is told of every few seconds at most. */
const STEADY_MS = 3_000

const NO_REPLICA = 'it is no replica, as it takes writes: it was promoted, or its URL is wrong'

/** `reason` says why it is not read from; null when it is. */
export type ReplicaState = { name: string; database: string; reason: string | null }

/** One replica of a database: whether it is read from now, and what it answers. */
export class ReadReplica implements AsyncDisposable {
  readonly #names: { replica: string; database: string }
  readonly #reads: Database
  /** Looks wait for no reads. */
  readonly #looks: Database
  readonly #log: Log | null
  readonly #lag = new ReplayLag()
  /** How far it has come in a moment, for all who wait. */
  readonly #progress = new Rounds<never, number>(async () => {
    await sleep(CATCH_UP_STEP_MS)
    return (await replayedBy(this.#looks)).place
  })
  #isKnown = false
  #reason: string | null = 'its database has not answered yet'
  #timeline = ''
  /** What leaves each read alone that is waited for. */
  readonly #giveUps = new Set<(nothing: null) => void>()
  #wellSince: number | null = null
  #lateUntil = 0

  constructor(
    url: string,
    primary: Database,
    { connections, log }: { connections: number; log: Log | null },
  ) {
    this.#names = { replica: databaseName(url), database: databaseName(primary.url) }
    this.#reads = new Database(url, { connections })
    this.#looks = new Database(url, { connections: 1, patienceMs: LOOK_WITHIN_MS })
    this.#log = log
  }

  get state(): ReplicaState {
    const { replica: name, database } = this.#names
    return { name, database, reason: this.#reason }
  }

  /** Whether it is worth to be asked. */
  get isInUse(): boolean {
    return this.#reason === null && performance.now() >= this.#lateUntil
  }

  /**
   * The rows of a statement, of when it had replayed the log up to `place` or further. Null when it can't tell them now: it is
   * late, it was lost meanwhile, or it failed, which a statement may by no fault of its own.
   */
  async read<Row extends pg.QueryResultRow>(
    place: LogPlace,
    statement: Select,
    values: readonly unknown[],
  ): Promise<Row[] | null> {
    if (place.timeline !== this.#timeline) return null
    const { promise: isLost, resolve: giveUp } = Promise.withResolvers<null>()
    this.#giveUps.add(giveUp)
    try {
      return await Promise.race([this.#caughtUp<Row>(place, statement, values), isLost])
    } catch (error) {
      if (isLoss(error)) this.#leave(reasonOf(error))
      return null
    } finally {
      this.#giveUps.delete(giveUp)
    }
  }

  /** Looks at it, after its database was looked at. Never throws. */
  async look(primary: PrimaryPlace): Promise<void> {
    const now = performance.now()
    this.#lag.note(primary.place, now)
    try {
      const seen = await replicaOf(this.#looks)
      this.#timeline = seen.timeline
      const trouble = strangeness(seen, primary) ?? this.#slowness(seen.place, primary.place)
      if (trouble) this.#leave(trouble)
      else this.#stay(now)
    } catch (error) {
      this.#leave(reasonOf(error))
    }
    this.#isKnown = true
  }

  /** Its database does not say how far it is, without which nobody reads here. */
  wait(error: unknown): void {
    if (this.#reason !== null) this.#reason = `its database does not say how far it is: ${causeOf(error)}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#giveUp()
    await Promise.all([this.#reads[Symbol.asyncDispose](), this.#looks[Symbol.asyncDispose]()])
  }

  /**
   * How far it is, and then the rows, on one connection: its address may lead to several, and it may be started anew in
   * between. By another statement, as one sees what was there when it began, and not when it asked.
   */
  async #caughtUp<Row extends pg.QueryResultRow>(
    { place }: LogPlace,
    statement: Select,
    values: readonly unknown[],
  ): Promise<Row[] | null> {
    const giveUpAt = performance.now() + CATCH_UP_MS
    for (;;) {
      const rows = await this.#reads.inTurn(async (queries) => {
        const replayed = await replayedBy(queries)
        if (!replayed.isReplica) throw new EngineUnavailableError(NO_REPLICA)
        return replayed.place < place ? null : await queries.read<Row>(statement, values)
      })
      if (rows) return rows
      do {
        if (performance.now() < giveUpAt) continue
        this.#lateUntil = performance.now() + LATE_MS
        return null
      } while ((await this.#progress.join()) < place)
    }
  }

  #slowness(place: number, ofPrimary: number): string | null {
    const [ms, bytes] = [this.#lag.of(place, performance.now()), Math.max(ofPrimary - place, 0)]
    if (ms <= MOST_BEHIND_MS && bytes <= MOST_BEHIND_BYTES) return null
    return `it is ${(ms / 1000).toFixed(1)} s and ${(bytes / 1e6).toFixed(1)} MB behind`
  }

  #stay(now: number): void {
    if (this.#reason === null) return
    this.#wellSince ??= this.#isKnown ? now : now - STEADY_MS
    this.#reason = 'it is well again, and read from in a moment'
    if (now - this.#wellSince < STEADY_MS) return
    this.#reason = null
    this.#log?.info(this.#names, 'a replica is read from')
  }

  #leave(reason: string): void {
    const isNews = this.#reason === null || !this.#isKnown
    this.#reason = reason
    this.#wellSince = null
    this.#giveUp()
    if (isNews)
      this.#log?.warn({ ...this.#names, reason }, 'a replica is not read from; its database answers')
  }

  #giveUp(): void {
    for (const giveUp of this.#giveUps) giveUp(null)
  }
}

/** Why what was looked at is not the replica that it should be. */
function strangeness(seen: ReplicaPlace, primary: PrimaryPlace): string | null {
  if (!seen.isReplica) return NO_REPLICA
  if (seen.cluster !== primary.cluster) return 'it is a replica of another server'
  if (seen.database !== primary.database)
    return 'it has another database of the same server: its URL ends with another name'
  if (seen.timeline === primary.timeline) return null
  return `it is on timeline ${seen.timeline} and its database on ${primary.timeline}: one of them was promoted. A replica that follows is read from after its next restartpoint`
}

/** A statement that waits for too long, or is in the way of what is replayed, is cancelled on a replica that is well. */
function isLoss(error: unknown): boolean {
  const state = sqlStateOf(error)
  return error instanceof EngineUnavailableError && !state.startsWith('40') && state !== '57014'
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.message === NO_REPLICA) return NO_REPLICA
  return `it can't be read: ${causeOf(error)}`
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? error.cause : error
  return cause.message || String('code' in cause ? cause.code : cause.name)
}
