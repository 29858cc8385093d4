import pg from 'pg'
import { postgresError } from '../postgres.ts'

/**
 * A pool of connections to one database. Statements are plain, never named, and each stands alone, so that a
 * transaction pooler may stand between.
 */
export class Database implements AsyncDisposable {
  readonly #pool: pg.Pool

  constructor(url: string, { connections }: { connections: number }) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: connections,
      connectionTimeoutMillis: 5_000,
      query_timeout: 15_000,
      idleTimeoutMillis: 60_000,
      application_name: 'darkroom',
    })
    // An idle connection that drops is replaced by the pool; the next statement tells whether the server is away.
    this.#pool.on('error', () => {})
  }

  /** The rows of one statement. Throws EngineUnavailableError when the server is away or answers too late. */
  async query<Row extends pg.QueryResultRow>(statement: string, values: unknown[] = []): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(statement, values)).rows
    } catch (error) {
      throw postgresError(error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end()
  }
}
