import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Log } from '../log.ts'
import { isPostgresAway } from '../postgres.ts'

const RECONNECT_MS = 1_000

/** As much of a pool as BullMQ uses. */
export type QueuePool = Pick<pg.Pool, 'connect' | 'end' | 'on' | 'options'> & {
  query(statement: string, values: unknown[]): Promise<pg.QueryResult>
}

/** Says in BullMQ's way that the server is away: then it waits for `runRetryDelay`, and does what it was about to do again. */
class AwayError extends Error {
  readonly code = 'ECONNREFUSED'
}

/**
 * The pool for a worker, who has nothing to do while the server is away: it waits for it and goes on, until the
 * signal is aborted.
 *
 * @NOTE BullMQ knows no sign of a server that is away but a refused connection: one that was starting up or stopping
 * would have it ask again without end or pause. And it remembers for ever that its first question failed, which it
 * asks on the first client, of the tables: that one asks until there is an answer.
 */
export function patientPool(pool: pg.Pool, log: Log, stopping: AbortSignal): QueuePool {
  let isAway = false
  const reach = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    try {
      const result = await call()
      if (isAway) log.info('PostgreSQL is back')
      isAway = false
      return result
    } catch (error) {
      if (!(error instanceof Error && isPostgresAway(error))) throw error
      if (!isAway) log.warn({ cause: error.message }, 'PostgreSQL is away; connecting again until it is back')
      isAway = true
      throw new AwayError('PostgreSQL is away.', { cause: error })
    }
  }
  const query: QueuePool['query'] = (statement, values) => reach(() => pool.query(statement, values))
  const ask: QueuePool['query'] = async (statement, values) => {
    for (;;) {
      try {
        return await query(statement, values)
      } catch (err) {
        if (stopping.aborted) throw err
        if (!(err instanceof AwayError)) log.error({ err }, 'queue; asking again until it is mended')
      }
      await sleep(RECONNECT_MS, undefined, { signal: stopping }).catch(() => {})
    }
  }
  const first = { query: ask, release: () => {} } as unknown as pg.PoolClient
  let isFirst = true
  const connect = async (): Promise<pg.PoolClient> => {
    if (!isFirst) return await reach(() => pool.connect())
    isFirst = false
    return first
  }
  return {
    options: pool.options,
    connect: connect as pg.Pool['connect'],
    query,
    // What an idle connection suffers is seen when it is used.
    on: () => pool,
    end: () => pool.end(),
  }
}
