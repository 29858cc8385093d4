import type pg from 'pg'
import { EngineUnavailableError } from '../../errors.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { openPool, type Pool, postgresError, STATEMENT_MS } from '../../postgres/connections.ts'
import { isRefusedByPooler, meaningOf, sqlStateOf } from '../../postgres/errors.ts'
import { Breaker } from './breaker.ts'
import { ANYBODY } from './change-log.ts'

const MAX_ATTEMPTS = 5
const SHORTAGE_MS = 10_000

/** The beginning of a statement that asks, and changes nothing: test/plans.test.ts has PostgreSQL see to that. */
export type Select = `${'select' | 'explain'} ${string}`

/** What answers questions. Who is given no more can change nothing. */
export type Reads = {
  /** As `query`. */
  read<Row extends pg.QueryResultRow>(statement: Select, values?: readonly unknown[]): Promise<Row[]>
}

/** What runs statements: a database, one transaction on it, or whichever database has a shard. */
export type Queries = Reads & {
  /** The rows of one statement. Throws EngineUnavailableError when the server can't do it now. */
  query<Row extends pg.QueryResultRow>(statement: string, values?: readonly unknown[]): Promise<Row[]>
}

/** Tells all servers whose heads and followings have changed in the database. */
export type Tell = (database: Database, names: readonly OwnerId[] | typeof ANYBODY) => Promise<void>

/**
 * `statementMs` is how long a statement may take before the server ends it, 14 s unless given; `patienceMs` how long we wait for
 * a connection or an answer of a server that says nothing.
 */
export type DatabaseOptions = {
  connections: number
  statementMs?: number
  patienceMs?: number
  tell?: Tell | undefined
}

/** What triggers say of whoever they changed, in the detail. */
const CHANGED = 'DR003'

/**
 * A pool of connections to one database. Statements are plain, never named, and what they set ends with their
 * transaction, so that a transaction pooler may stand between.
 *
 * The server itself ends statements that last too long, shortly before we would give them up: none runs on for nobody.
 * It is told so as a connection begins. A pooler that refuses to pass that on is told in a transaction around each
 * statement, which costs two more round trips.
 *
 * Whose heads and followings were changed is told to all servers once that is committed, before whoever changed it goes on.
 */
export class Database implements Queries, AsyncDisposable {
  readonly url: string
  readonly #options: DatabaseOptions
  readonly #breaker = new Breaker(() => this.#connected((client) => client.query('select 1')))
  #opened: Pool
  #isPooled = false
  #closing: PromiseLike<void> = Promise.resolve()
  #shortage: { error: EngineUnavailableError; at: number } | null = null

  constructor(url: string, options: DatabaseOptions) {
    this.url = url
    this.#options = options
    this.#opened = this.#open(this.#statementMs)
  }

  async query<Row extends pg.QueryResultRow>(
    statement: string,
    values: readonly unknown[] = [],
    changes: 'something' | 'nothing' = 'something',
  ): Promise<Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#isPooled
          ? await this.transaction(async ({ query }) => await query<Row>(statement, values))
          : await this.#reach((client) => rowsOf<Row>(client, statement, values), changes)
      } catch (error) {
        if (!isDeadlock(error) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  async read<Row extends pg.QueryResultRow>(
    statement: Select,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    return await this.query<Row>(statement, values, 'nothing')
  }

  /** What was lacking when the server refused a statement of the last seconds: disk, memory, connections, a right, a table. */
  get shortage(): EngineUnavailableError | null {
    if (this.#shortage === null || performance.now() - this.#shortage.at > SHORTAGE_MS) return null
    return this.#shortage.error
  }

  /** Statements that all take effect when `work` resolves, or none. Each sees what was committed before it. */
  async transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    return await this.#reach(async (client) => await this.#inTransaction(client, work))
  }

  /** Statements on one connection, one after the other. Each sees what was committed before it, and takes effect by itself. */
  async inTurn<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    return await this.#reach(async (client) => {
      // A pooler gives every transaction a connection that others have had in between.
      if (this.#isPooled) return await this.#inTransaction(client, work)
      return await work(queriesOn(client))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#breaker[Symbol.dispose]()
    await Promise.all([this.#opened[Symbol.asyncDispose](), this.#closing])
  }

  get #statementMs(): number {
    return this.#options.statementMs ?? STATEMENT_MS - 1_000
  }

  async #reach<Result>(
    work: (client: pg.PoolClient) => Promise<Result>,
    changes: 'something' | 'nothing' = 'something',
  ): Promise<Result> {
    const changed = new Set<OwnerId>()
    let isBegun = false
    const noted = async (client: pg.PoolClient) => {
      isBegun = true
      const note = ({ code, detail }: { code?: string | undefined; detail?: string | undefined }) => {
        if (code === CHANGED) changed.add(detail as OwnerId)
      }
      client.on('notice', note)
      return await work(client).finally(() => client.off('notice', note))
    }
    try {
      const result = await translated(async () => await this.#breaker.pass(() => this.#connected(noted)))
      if (changed.size > 0) await this.#options.tell?.(this, [...changed])
      return result
    } catch (error) {
      if (isShortage(error)) this.#shortage = { error, at: performance.now() }
      // It may be committed all the same, and nobody heard what was changed; of several statements the first may be.
      const isUncertain = isBegun && changes === 'something' && error instanceof EngineUnavailableError
      if (isUncertain) await this.#options.tell?.(this, ANYBODY)
      else if (changed.size > 0) await this.#options.tell?.(this, [...changed])
      throw error
    }
  }

  async #inTransaction<Result>(
    client: pg.PoolClient,
    work: (queries: Queries) => Promise<Result>,
  ): Promise<Result> {
    await client.query(
      `begin isolation level read committed; set local statement_timeout = ${this.#statementMs}`,
    )
    const result = await work(queriesOn(client))
    await client.query('commit')
    return result
  }

  async #connected<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.#connect()
    let isWhole = false
    try {
      const result = await work(client)
      isWhole = true
      return result
    } finally {
      // Closing the connection rolls back, whatever state it is in.
      client.release(!isWhole)
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    const opened = this.#opened
    try {
      return await opened.pool.connect()
    } catch (error) {
      if (!isRefusedByPooler(error)) throw error
      if (this.#opened === opened) {
        this.#isPooled = true
        this.#opened = this.#open(undefined)
        this.#closing = opened[Symbol.asyncDispose]()
      }
      return await this.#opened.pool.connect()
    }
  }

  #open(statementMs: number | undefined): Pool {
    const { patienceMs } = this.#options
    return openPool({
      url: this.url,
      max: this.#options.connections,
      idleTimeoutMillis: 60_000,
      application_name: 'darkroom',
      ...(statementMs && { statement_timeout: statementMs }),
      ...(patienceMs && { connectionTimeoutMillis: patienceMs, query_timeout: patienceMs }),
    })
  }
}

function queriesOn(client: pg.PoolClient): Queries {
  const query: Queries['query'] = async (statement, values = []) =>
    await translated(() => rowsOf(client, statement, values))
  return { query, read: query }
}

async function rowsOf<Row extends pg.QueryResultRow>(
  client: pg.PoolClient,
  statement: string,
  values: readonly unknown[],
): Promise<Row[]> {
  return (await client.query<Row>(statement, [...values])).rows
}

/**
 * Two statements that lock the same rows in another order, as a sweep and a change of look may: PostgreSQL undoes
 * one of them, for which nothing has happened.
 */
function isDeadlock(error: unknown): boolean {
  return sqlStateOf(error) === '40P01'
}

/** Class 53 of SQLSTATE, and what somebody has to set up otherwise. */
function isShortage(error: unknown): error is EngineUnavailableError {
  if (!(error instanceof EngineUnavailableError)) return false
  return sqlStateOf(error).startsWith('53') || meaningOf(error.cause) === 'refused'
}

async function translated<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw postgresError(error)
  }
}
