import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type Log, onceAMinute } from '../log.ts'

const AGAIN_MS = 1_000

/** As much of a pool as BullMQ uses. */
export type QueuePool = Pick<pg.Pool, 'connect' | 'end' | 'on' | 'options'> & {
  query(statement: string, values: unknown[]): Promise<pg.QueryResult>
}

/**
 * The pool for a worker that may begin while the server is unavailable: its first question waits for an answer, until
 * the signal is aborted.
 *
 * @NOTE BullMQ remembers for ever that its first question failed, which it asks on the first client, of the tables.
 */
export function patientPool(pool: pg.Pool, log: Log, stopping: AbortSignal): QueuePool {
  const tell = onceAMinute((fields, message) => log.warn(fields, message))
  const ask: QueuePool['query'] = async (statement, values) => {
    for (;;) {
      try {
        return await pool.query(statement, values)
      } catch (err) {
        if (stopping.aborted) throw err
        tell({ err }, 'the queue does not answer; asking again until it does')
      }
      await sleep(AGAIN_MS, undefined, { signal: stopping }).catch(() => {})
    }
  }
  const first = { query: ask, release: () => {} } as unknown as pg.PoolClient
  let isFirst = true
  const connect = async (): Promise<pg.PoolClient> => {
    if (!isFirst) return await pool.connect()
    isFirst = false
    return first
  }
  return {
    options: pool.options,
    connect: connect as pg.Pool['connect'],
    query: (statement, values) => pool.query(statement, values),
    // What an idle connection suffers is seen when it is used.
    on: () => pool,
    end: () => pool.end(),
  }
}
