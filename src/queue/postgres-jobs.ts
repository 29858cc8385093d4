import type pg from 'pg'
import {
  type JobPlace,
  type KeptFailure,
  type KeptFailures,
  type KeptState,
  MAX_DEMAND,
  QUEUE_NAMES,
} from './bullmq-backend.ts'
import { CODE_IN_SQL } from './failure-reason.ts'
import { LANES, type Lane } from './job.ts'
import type { FailedPlace, LaneCounts } from './job-queue.ts'

/** What BullMQ does not tell, or not at once, asked of its table of jobs itself. */

export async function readStates(pool: pg.Pool, places: readonly JobPlace[]): Promise<KeptState[]> {
  const { rows } = await pool.query<KeptState>(
    `select case when state is null or state = 'completed' then 'missing' when state = 'failed' then 'failed' else 'pending' end as name,
       case when state = 'failed' then coalesce(failed_reason, '') end as reason
     from unnest($1::text[], $2::text[]) with ordinality as asked(queue, id, place) left join job using (queue, id)
     order by place`,
    [places.map(({ queue }) => queue), places.map(({ key }) => key)],
  )
  return rows.map(({ name, ...rest }) => (name === 'failed' ? { name, ...rest } : { name })) as KeptState[]
}

/** Jobs without a priority, as all of ours are, begin in the order of `seq`. */
export async function readOldestWaiting(pool: pg.Pool, lane: Lane): Promise<Date | null> {
  const { rows } = await pool.query<{ ms: string }>(
    `select added_at_ms as ms from job where queue = $1 and state = 'waiting' and priority = 0 order by seq limit 1`,
    [QUEUE_NAMES[lane]],
  )
  return rows[0] ? new Date(Number(rows[0].ms)) : null
}

/**
 * Each state by its own index, and no further than asked: however many wait, it costs the same. The order, which nobody
 * needs, is that of the index: without it PostgreSQL reads all of the table for the lane in which nobody waits.
 */
export async function readDemand(pool: pg.Pool): Promise<LaneCounts> {
  const { rows } = await pool.query<{ demand: number }>(
    `select (
       (select count(*) from (select from job where queue = lane.queue and state = 'waiting' order by priority, seq limit $2))
       + (select count(*) from (select from job where queue = lane.queue and state = 'active' limit $2))
       + (select count(*) from (select from job where queue = lane.queue and state = 'delayed' and process_at_ms <= $3 order by process_at_ms limit $2))
     )::int as demand
     from unnest($1::text[]) with ordinality as lane(queue, place) order by place`,
    [LANES.map((lane) => QUEUE_NAMES[lane]), MAX_DEMAND, Date.now()],
  )
  const [live, batch] = rows.map(({ demand }) => Math.min(demand, MAX_DEMAND))
  return { live, batch } as LaneCounts
}

/** In the order of their index, for the reason above. */
export async function countDelayed(pool: pg.Pool, lane: Lane, upTo: number): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count
     from (select from job where queue = $1 and state = 'delayed' order by process_at_ms limit $2)`,
    [QUEUE_NAMES[lane], upTo],
  )
  return rows[0]?.count ?? 0
}

/** By the index of those that have ended, of each lane no more than are asked for. */
export async function readFailed(
  pool: pg.Pool,
  after: FailedPlace | null,
  limit: number,
): Promise<KeptFailures> {
  const { rows } = await pool.query<Omit<KeptFailure, 'lane' | 'failedAt'> & { lane: number; ms: string }>(
    `select place::int - 1 as lane, key, kind, payload, attempts, ms, reason
     from unnest($1::text[]) with ordinality as lane(queue, place) cross join lateral (
       select id as key, name as kind, data as payload, attempts_made as attempts, finished_at_ms as ms,
         coalesce(failed_reason, '') as reason
       from job
       where queue = lane.queue and state = 'failed' and (finished_at_ms, id) < ($2, $3)
       order by finished_at_ms desc, id desc limit $4
     ) as failed
     order by ms desc, key desc limit $4`,
    [
      LANES.map((lane) => QUEUE_NAMES[lane]),
      after?.failedAt.getTime() ?? Number.MAX_SAFE_INTEGER,
      after?.key ?? '',
      limit,
    ],
  )
  const failures = rows.map(({ lane, ms, ...failure }) => ({
    ...failure,
    lane: LANES[lane] as Lane,
    failedAt: new Date(Number(ms)),
  }))
  const last = failures.length < limit ? null : failures.at(-1)
  return { failures, next: last ? { failedAt: last.failedAt, key: last.key } : null }
}

export async function countFailures(pool: pg.Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ code: string; count: number }>(
    `select ${CODE_IN_SQL('failed_reason')} as code, count(*)::int as count
     from job where queue = any($1::text[]) and state = 'failed' group by 1`,
    [LANES.map((lane) => QUEUE_NAMES[lane])],
  )
  return new Map(rows.map(({ code, count }) => [code, count]))
}
