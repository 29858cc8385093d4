import { setTimeout as sleep } from 'node:timers/promises'
import { sqlStateOf } from '../../postgres/errors.ts'
import type { Queries } from '../database/database.ts'
import { MoveOvertakenError, type Run } from '../shards/shard-run.ts'

/** What `hold_shard` in the migration takes shared. */
const SHARD_LOCK = 7_266_766
/** Writers wait behind who waits for the lock: so long at most, then they have their turn. */
const LOCK_MS = 500
const PAUSE_MS = 200
const ATTEMPTS = 50

/**
 * Does work in a transaction of the source's during which nobody writes to the run. It begins when those who write have
 * committed. Throws MoveOvertakenError when the run is not there any more, in its generation.
 */
export async function whileHeld<Result>(
  run: Run,
  work: (queries: Queries) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run.source.transaction(async (queries) => {
        await hold(queries, run)
        return await work(queries)
      })
    } catch (error) {
      // A statement about photos of many shards may wait for us as we wait for it: PostgreSQL ends one of both.
      const isInTheWay = ['40P01', '55P03'].includes(sqlStateOf(error))
      if (!isInTheWay || attempt === ATTEMPTS) throw error
    }
    await sleep(PAUSE_MS)
  }
}

async function hold(queries: Queries, { from, to, generation }: Run): Promise<void> {
  // If we vanish now, the server must not keep writers out for long.
  await queries.query(
    `select set_config('idle_in_transaction_session_timeout', '60s', true), set_config('lock_timeout', $1, true)`,
    [`${LOCK_MS}ms`],
  )
  await queries.query(
    `select pg_advisory_xact_lock(${SHARD_LOCK}, shard) from generate_series($1::int, $2::int) shard`,
    [from, to],
  )
  const held = await queries.query(
    `select from shards where shard between $1 and $2 and generation = $3 and state = 'here' for update`,
    [from, to, generation],
  )
  if (held.length !== to - from + 1) throw new MoveOvertakenError({ from, to })
}
