import { Socket } from 'node:net'
import pg from 'pg'
import { EngineUnavailableError, SetupError } from '../errors.ts'
import { adviceOn, meaningOf } from './errors.ts'

const CONNECT_MS = 5_000
/** How long a statement may take before we give it up. */
export const STATEMENT_MS = 15_000
const CLOSE_MS = 5_000

/** Whether an error is about the server, or what stands before it, and not about the statement. */
export function isPostgresUnavailable(error: unknown): boolean {
  return meaningOf(error) !== 'ours'
}

/**
 * For a process that starts: what to say when the server at the URL refuses us, has no such database, or not the
 * tables. Later that may pass, as a server is set up anew. Null when the error is another.
 */
export function refusalOf(error: unknown, url: string): SetupError | null {
  if (!(error instanceof Error) || meaningOf(error) !== 'refused') return null
  const refused = `The database ${databaseName(url)} can't be used: ${error.message}.`
  return new SetupError(`${refused} ${adviceOn(error)}`, { cause: error })
}

/** What `error` is to the rest of the code: EngineUnavailableError when it is about the server, else itself. */
export function postgresError(error: unknown): unknown {
  if (!isPostgresUnavailable(error)) return error
  return new EngineUnavailableError('The database is unavailable.', { cause: error })
}

/** Where a database is, without what is secret in its URL. */
export function databaseName(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}

/**
 * The URL as pg is given it. TLS is verified whenever it is asked for, but with `sslmode=no-verify`.
 *
 * @NOTE pg does the same for `prefer`, `require` and `verify-ca`, and warns with seven lines that a later one will not.
 */
function verifiedUrl(text: string): string {
  const url = new URL(text)
  const mode = url.searchParams.get('sslmode') ?? ''
  if (['prefer', 'require', 'verify-ca'].includes(mode)) url.searchParams.set('sslmode', 'verify-full')
  return url.href
}

/** Connections whose statements, and whose end, wait for a server for so long at most. */
export type Pool = AsyncDisposable & { pool: pg.Pool }

/**
 * A pool that gives up on a server that hangs: to connect may take 5 s, a statement 15 s. Disposing lets statements
 * that run and connections end within 5 s: one on which nothing moves any more never would, and would hold the process.
 */
export function openPool({ url, ...config }: pg.PoolConfig & { url: string }): Pool {
  const closing = new Map<Socket, Promise<unknown>>()
  const stream = () => {
    const socket = new Socket()
    const closed = new Promise((resolve) => socket.once('close', resolve))
    closing.set(
      socket,
      closed.then(() => closing.delete(socket)),
    )
    return socket
  }
  const pool = new pg.Pool({
    connectionString: verifiedUrl(url),
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS,
    ...config,
    stream,
  })
  // Of a connection that drops the next statement tells, whether it was idle or somebody had it.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    pool,
    async [Symbol.asyncDispose]() {
      const tooLate = setTimeout(() => {
        for (const socket of closing.keys()) socket.destroy()
      }, CLOSE_MS)
      await pool.end()
      await Promise.all(closing.values())
      clearTimeout(tooLate)
    },
  }
}

/** Does work on one connection of its own, without time limits on statements: for migrations. */
export async function withPostgres<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: verifiedUrl(url), connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    throw refusalOf(error, url) ?? postgresError(error)
  } finally {
    await client.end()
  }
}
