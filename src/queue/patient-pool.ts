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
 * @NOTE BullMQ remembers for ever that its first connection failed, and knows no sign of a server that is away but
 * a refused connection. One that was starting up or stopping would have it ask again without end or pause.
 */
export function patientPool(pool: pg.Pool, log: Log, stopping: AbortSignal): QueuePool {
  let wasReached = false
  let isAway = false
  const reach = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    try {
      const result = await call()
      if (isAway) log.info('PostgreSQL is back')
      isAway = false
      wasReached = true
      return result
    } catch (error) {
      if (!(error instanceof Error && isPostgresAway(error))) throw error
      if (!isAway) log.warn({ cause: error.message }, 'PostgreSQL is away; connecting again until it is back')
      isAway = true
      throw new AwayError('PostgreSQL is away.', { cause: error })
    }
  }
  const connect = async (): Promise<pg.PoolClient> => {
    for (;;) {
      try {
        return await reach(() => pool.connect())
      } catch (error) {
        if (wasReached || stopping.aborted || !(error instanceof AwayError)) throw error
      }
      await sleep(RECONNECT_MS, undefined, { signal: stopping }).catch(() => {})
    }
  }
  return {
    options: pool.options,
    connect: connect as pg.Pool['connect'],
    query: (statement, values) => reach(() => pool.query(statement, values)),
    // What an idle connection suffers is seen when it is used.
    on: () => pool,
    end: () => pool.end(),
  }
}
