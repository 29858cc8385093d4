import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Log } from '../../log.ts'
import { Database, type Reads, type Select } from './database.ts'
import { type LogPlace, loggedBy, originOf } from './log-place.ts'
import { ReadReplica, type ReplicaState } from './read-replica.ts'
import { Rounds } from './rounds.ts'

const LOOK_EVERY_MS = 500
/** What the database does not tell by then it is not waited for: it is asked for the rows themselves. */
const TOLD_WITHIN_MS = 1_000

/**
 * The replicas of one database, and what they answer in its place. Before a replica is asked, the database is asked how far
 * its log has come, which reads no table, and once for all who come at a time; the replica must have replayed that. So
 * its answer has everything that was acknowledged before somebody asked, whoever wrote it and through whatever server:
 * it is one that the database itself could have given.
 *
 * A replica that is behind, that is lost or that fails costs a read some milliseconds: it is repeated at the database. While
 * any replica was ever asked for, they are looked at twice a second.
 */
export class ReadReplicas implements Reads, AsyncDisposable {
  readonly #primary: Database
  /** Who asks how far it is does not wait for a connection that others have. */
  readonly #origin: Database
  readonly #replicas: readonly ReadReplica[]
  readonly #stopping = new AbortController()
  #looking: { first: Promise<void>; all: Promise<void> } | null = null
  readonly #place: Rounds<never, LogPlace>
  #turn = 0

  constructor(primary: Database, urls: readonly string[], options: { connections: number; log: Log | null }) {
    this.#primary = primary
    this.#origin = new Database(primary.url, { connections: 1, patienceMs: TOLD_WITHIN_MS })
    this.#place = new Rounds(() => loggedBy(this.#origin))
    this.#replicas = urls.map((url) => new ReadReplica(url, primary, options))
  }

  async read<Row extends pg.QueryResultRow>(
    statement: Select,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    void this.#look()
    const replica = this.#inTurn()
    if (!replica) return await this.#primary.read<Row>(statement, values)
    const place = await this.#place.join().catch(() => null)
    const rows = place === null ? null : await replica.read<Row>(place, statement, values)
    return rows ?? (await this.#primary.read<Row>(statement, values))
  }

  /** What is known of each, from when it was looked at. */
  async states(): Promise<ReplicaState[]> {
    await this.#look()
    return this.#replicas.map(({ state }) => state)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await Promise.all([this.#origin, ...this.#replicas].map((each) => each[Symbol.asyncDispose]()))
    await this.#looking?.all
  }

  #inTurn(): ReadReplica | undefined {
    const inUse = this.#replicas.filter(({ isInUse }) => isInUse)
    this.#turn++
    return inUse[this.#turn % inUse.length]
  }

  /** From the first time on, again and again. Resolves when all were looked at once. */
  async #look(): Promise<void> {
    if (!this.#looking) {
      const first = this.#lookOnce()
      this.#looking = { first, all: first.then(() => this.#lookAgain()) }
    }
    await this.#looking.first
  }

  async #lookAgain(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { ref: false, signal }).catch(() => {})
      if (!signal.aborted) await this.#lookOnce()
    }
  }

  async #lookOnce(): Promise<void> {
    try {
      const origin = await originOf(this.#origin)
      await Promise.all(this.#replicas.map((replica) => replica.look(origin)))
    } catch (error) {
      for (const replica of this.#replicas) replica.wait(error)
    }
  }
}
