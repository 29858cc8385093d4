import type pg from 'pg'
import { EngineUnavailableError } from '../errors.ts'
import { openPool, type Pool, postgresError } from '../postgres.ts'
import { sqlStateOf } from '../postgres-errors.ts'

const MAX_ATTEMPTS = 5
const SHORTAGE_MS = 10_000

/** What runs statements: a database, one transaction on it, or whichever database has a shard. */
export type Queries = {
  /** The rows of one statement. Throws EngineUnavailableError when the server can't do it now. */
  query<Row extends pg.QueryResultRow>(statement: string, values?: readonly unknown[]): Promise<Row[]>
}

/**
 * A pool of connections to one database. Statements are plain, never named, and what they set ends with their
 * transaction, so that a transaction pooler may stand between.
 */
export class Database implements Queries, AsyncDisposable {
  readonly url: string
  readonly #opened: Pool
  #shortage: { error: EngineUnavailableError; at: number } | null = null

  constructor(url: string, { connections }: { connections: number }) {
    this.url = url
    this.#opened = openPool({
      url,
      max: connections,
      idleTimeoutMillis: 60_000,
      application_name: 'darkroom',
    })
  }

  async query<Row extends pg.QueryResultRow>(
    statement: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await translated(async () => (await this.#opened.pool.query<Row>(statement, [...values])).rows)
      } catch (error) {
        if (isShortage(error)) this.#shortage = { error, at: performance.now() }
        if (!isDeadlock(error) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  /** What the server lacked when it refused a statement of the last seconds: disk, memory, connections. */
  get shortage(): EngineUnavailableError | null {
    if (this.#shortage === null || performance.now() - this.#shortage.at > SHORTAGE_MS) return null
    return this.#shortage.error
  }

  /** Statements that all take effect when `work` resolves, or none. Each sees what was committed before it. */
  async transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    const client = await translated(() => this.#opened.pool.connect())
    const query: Queries['query'] = (statement, values = []) =>
      translated(async () => (await client.query(statement, [...values])).rows)
    let isWhole = false
    try {
      await query('begin isolation level read committed')
      const result = await work({ query })
      await query('commit')
      isWhole = true
      return result
    } finally {
      // Closing the connection rolls back, whatever state it is in.
      client.release(!isWhole)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]()
  }
}

/**
 * Two statements that lock the same rows in another order, as a sweep and a change of look may: PostgreSQL undoes
 * one of them, for which nothing has happened.
 */
function isDeadlock(error: unknown): boolean {
  return sqlStateOf(error) === '40P01'
}

/** Class 53 of SQLSTATE. */
function isShortage(error: unknown): error is EngineUnavailableError {
  return error instanceof EngineUnavailableError && sqlStateOf(error).startsWith('53')
}

async function translated<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw postgresError(error)
  }
}
