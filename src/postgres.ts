import pg from 'pg'
import { EngineUnavailableError } from './errors.ts'

/** Codes of Node and classes of SQLSTATE that say the server is away or refuses work, not that a statement is wrong. */
const AWAY = /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|EHOSTUNREACH|08|53|57P0|58|28|3D)/

/** Whether an error of pg is about the server and not about the statement. */
export function isPostgresAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return AWAY.test(code) || /timeout|Connection terminated|Client has encountered/.test(error.message)
}

/** What `error` is to the rest of the code: EngineUnavailableError when the server is away, else itself. */
export function postgresError(error: unknown): unknown {
  if (!isPostgresAway(error)) return error
  return new EngineUnavailableError('The database does not answer.', { cause: error })
}

/** Does work on one connection of its own, without time limits on statements: for migrations. */
export async function withPostgres<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    throw postgresError(error)
  } finally {
    await client.end()
  }
}
