import { DarkroomError } from '../errors.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { Shard } from '../photo/shard.ts'
import type { Costs } from './costs.ts'
import type { ShardMap } from './shard-map.ts'

/** All runs lie beside this shard, and move with it: src/catalog/copy-runs.ts. */
export const RUNS_SHARD = 0 as Shard
export const RUNS_HERE = `shard_is_here(${RUNS_SHARD})`

/** Numbers by what they count: parts add them up. */
export type Tally = Record<string, number>

export type PhotoFailure = { photoId: PhotoId; code: string; message: string; attempts: number }

/** What a run is meant to be. */
export type StoredState = 'running' | 'paused' | 'cancelled' | 'stopped'

/**
 * What a run is. Of one that recurs `waiting`, until it begins anew; `pausing` while servers see the last jobs of theirs
 * end.
 */
export type RunState = StoredState | 'waiting' | 'pausing' | 'complete'

export type NewRun = { kind: string; selection: unknown; slices: readonly unknown[] }

/** `selected` is `done + skipped + failed + left`, always. */
export type RunReport = {
  id: number
  kind: string
  recurs: boolean
  selection: unknown
  state: RunState
  /** Why it was stopped, or what a part of it waits for. */
  reason: string | null
  createdAt: Date
  movedAt: Date | null
  endedAt: Date | null
  /** Whether `selected` is final: all parts are counted. */
  isCounted: boolean
  selected: number
  done: number
  skipped: number
  failed: number
  left: number
  inFlight: number
  tally: Tally
  /** What its photos took, of kinds that make photos. */
  costs: Costs
  parts: number
  partsEnded: number
  /** Parts that something holds back: an engine that is unavailable, or what others want more. */
  partsHeld: number
  /** Those that work it now. */
  holders: readonly string[]
}

export type KeptFailure = PhotoFailure & { failedAt: Date }

export class RunNotFoundError extends DarkroomError {
  readonly code = 'run_not_found'
  constructor(id: number) {
    super(`There is no run ${id}. \`darkroom runs\` lists those there are.`)
  }
}

/** A run can't be steered to where it was meant to go. */
export class RunStateError extends DarkroomError {
  readonly code = 'run_state'
}

const REPORTS_HERE = `
  select r.id, r.kind, r.recurs, r.selection, r.created_at as "createdAt", p.*,
    case when r.recurs then null when p."partsEnded" = p.parts then p.ended end as "endedAt",
    coalesce(r.reason, p.held) as reason,
    (select coalesce(jsonb_object_agg(key, total), '{}') from (
       select key, sum(value::float8) as total from run_parts, jsonb_each_text(tally) where run = r.id group by key
     ) as totals) as tally,
    case
      -- also one that was paused as its last photo was done
      when r.state in ('running', 'paused') and p."partsEnded" = p.parts then 'complete'
      when r.state = 'running' and r.recurs and p.holders = '{}' then 'waiting'
      when r.state = 'paused' and p.holders <> '{}' then 'pausing'
      else r.state
    end as state
  from runs r, lateral (
    select coalesce(bool_and(selected is not null), true) as "isCounted",
      coalesce(sum(selected), 0)::float8 as selected, coalesce(sum(done), 0)::float8 as done,
      coalesce(sum(skipped), 0)::float8 as skipped, coalesce(sum(failed), 0)::float8 as failed,
      coalesce(sum(coalesce(selected, 0) - done - skipped - failed), 0)::float8 as left,
      coalesce(sum(jsonb_array_length(in_flight)), 0)::int as "inFlight",
      count(*)::int as parts, count(ended_at)::int as "partsEnded", count(held_because)::int as "partsHeld",
      jsonb_build_object('made', sum(made), 'cpuMs', sum(cpu_ms), 'wallMs', sum(wall_ms), 'puts', sum(puts),
        'putBytes', sum(put_bytes), 'bytesBefore', sum(bytes_before), 'bytesAfter', sum(bytes_after), 'mended', sum(mended)
      ) as costs,
      max(held_because) as held, max(ended_at) as ended, max(moved_at) as "movedAt",
      coalesce(array_agg(distinct holder) filter (where due_at > now() and holder is not null), '{}') as holders
    from run_parts where run = r.id
  ) as p
  where ${RUNS_HERE}`

/** Runs as their operators see and steer them. */
export class Runs {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /** Returns the number of the new run, which servers begin within seconds. */
  async start({ kind, selection, slices }: NewRun): Promise<number> {
    const [row] = await this.#query<{ id: number }>(
      `with run as (
         insert into runs (kind, recurs, selection) select $1, false, $2 where ${RUNS_HERE} returning id
       ), parts as (
         insert into run_parts (run, part, slice)
         select run.id, number, slice from run, jsonb_array_elements($3) with ordinality as s(slice, number)
       )
       select id from run`,
      [kind, JSON.stringify(selection), JSON.stringify(slices)],
    )
    return (row as { id: number }).id
  }

  /** The run of a kind that recurs, which begins in so many seconds; there is one, and asking again changes nothing. */
  async keepRecurring({
    kind,
    slices,
    inSeconds,
  }: Pick<NewRun, 'kind' | 'slices'> & { inSeconds: number }): Promise<void> {
    await this.#query(
      // Looked for first: an insert that conflicts uses up a number too, and each server that starts asks for each kind.
      `insert into runs (kind, recurs, selection)
       select $1, true, '{}' where ${RUNS_HERE} and not exists (select from runs where kind = $1 and recurs)
       on conflict (kind) where recurs do nothing`,
      [kind],
    )
    await this.#query(
      `insert into run_parts (run, part, slice, due_at)
       select id, number, slice, now() + $3 * interval '1 second'
       from runs, jsonb_array_elements($2) with ordinality as s(slice, number)
       where kind = $1 and recurs and ${RUNS_HERE}
       on conflict (run, part) do update set slice = excluded.slice, cursor = null
         where run_parts.slice <> excluded.slice`,
      [kind, JSON.stringify(slices), inSeconds],
    )
  }

  /** What the run of a kind that recurs is meant to be, and where its only part is; null when there is none yet. */
  async recurring(
    kind: string,
  ): Promise<{ id: number; state: StoredState; reason: string | null; cursor: unknown } | null> {
    const rows = await this.#query<{
      id: number
      state: StoredState
      reason: string | null
      cursor: unknown
    }>(
      `select r.id, r.state, r.reason, p.cursor from runs r join run_parts p on p.run = r.id
       where r.kind = $1 and r.recurs and ${RUNS_HERE}`,
      [kind],
    )
    return rows[0] ?? null
  }

  /** Every run: those that recur first, then the newest. */
  async list(): Promise<RunReport[]> {
    return await this.#query<RunReport>(`${REPORTS_HERE} order by r.recurs desc, r.id desc`, [])
  }

  /** Throws RunNotFoundError. */
  async find(id: number): Promise<RunReport> {
    const [report] = await this.#query<RunReport>(`${REPORTS_HERE} and r.id = $1`, [id])
    if (!report) throw new RunNotFoundError(id)
    return report
  }

  /** The run is done no further until it is resumed; what is in flight ends. Again changes nothing. Throws as `#steer` does. */
  async pause(id: number): Promise<RunReport> {
    const from: RunState[] = ['running', 'waiting', 'pausing', 'paused']
    return await this.#steer(id, { to: 'paused', from, verb: 'paused' })
  }

  /** Again changes nothing. Throws as `#steer` does. */
  async resume(id: number): Promise<RunReport> {
    const from: RunState[] = ['running', 'waiting', 'pausing', 'paused', 'stopped']
    return await this.#steer(id, { to: 'running', from, verb: 'resumed' })
  }

  /** For ever; what is done stays done. Again changes nothing. Throws as `#steer` does. */
  async cancel(id: number): Promise<RunReport> {
    const { recurs, kind } = await this.find(id)
    if (recurs) {
      throw new RunStateError(`Run ${id} (${kind}) recurs, so it can't be cancelled. It can be paused.`)
    }
    const from: RunState[] = ['running', 'pausing', 'paused', 'stopped', 'cancelled']
    return await this.#steer(id, { to: 'cancelled', from, verb: 'cancelled' })
  }

  /** Pauses a run that is running; `reason` is for its operator, who resumes it. */
  async hold(id: number, reason: string): Promise<void> {
    await this.#query(
      `update runs set state = 'paused', reason = $2 where id = $1 and state = 'running' and ${RUNS_HERE}`,
      [id, reason],
    )
  }

  /** Stops a run that is running before its end; `reason` is for its operator. */
  async stop(id: number, reason: string): Promise<void> {
    await this.#query(
      `update runs set state = 'stopped', reason = $2 where id = $1 and state = 'running' and ${RUNS_HERE}`,
      [id, reason],
    )
  }

  /**
   * Takes the time that so many photos have at a rate, in photos a second, from all servers that work the run. Returns in
   * how many ms they may be begun.
   */
  async pace(id: number, photos: number, rate: number): Promise<number> {
    const [row] = await this.#query<{ ms: number }>(
      `update runs set paced_until = greatest(paced_until, now() - interval '2 seconds') + $2 * interval '1 second'
       where id = $1 and ${RUNS_HERE}
       returning extract(epoch from paced_until - now() - $2 * interval '1 second')::float8 * 1000 as ms`,
      [id, photos / rate],
    )
    return Math.max(0, row?.ms ?? 0)
  }

  /** Deletes runs that came to an end so many days ago. Returns how many. */
  async forgetEnded(days: number): Promise<number> {
    const rows = await this.#query(
      `delete from runs r
       using (
         select run, bool_and(ended_at is not null) as is_whole, max(coalesce(ended_at, moved_at)) as last
         from run_parts group by run
       ) as p
       where ${RUNS_HERE} and p.run = r.id and not r.recurs
         and (p.is_whole or r.state in ('cancelled', 'stopped'))
         and coalesce(p.last, r.created_at) < now() - $1 * interval '1 day'
       returning r.id`,
      [days],
    )
    return rows.length
  }

  /** Up to so many failures in the order of their ids, after that of a photo, all or those of a code. */
  async failures(
    run: number,
    { code, after, limit }: { code: string | null; after: PhotoId | null; limit: number },
  ): Promise<KeptFailure[]> {
    return await this.#query<KeptFailure>(
      `select photo_id::text as "photoId", code, message, attempts, failed_at as "failedAt" from run_failures f
       where ${RUNS_HERE} and run = $1 and ($2::text is null or code = $2) and ($3::bigint is null or photo_id > $3)
       order by f.photo_id limit $4`,
      [run, code, after, limit],
    )
  }

  /** With which codes photos of the run failed, and how many with each, the most first. Reads all of its failures. */
  async failureCodes(run: number): Promise<{ code: string; count: number }[]> {
    return await this.#query<{ code: string; count: number }>(
      `select code, count(*)::int as count from run_failures where ${RUNS_HERE} and run = $1
       group by code order by count(*) desc, code limit 8`,
      [run],
    )
  }

  /** Throws RunNotFoundError, and RunStateError when the run is not what it should be for that. */
  async #steer(
    id: number,
    { to, from, verb }: { to: StoredState; from: readonly RunState[]; verb: string },
  ): Promise<RunReport> {
    const { state } = await this.find(id)
    if (!from.includes(state)) throw new RunStateError(`Run ${id} is ${state}, so it can't be ${verb}.`)
    await this.#query(
      `update runs set state = $2, reason = null where id = $1 and state <> 'cancelled' and ${RUNS_HERE}`,
      [id, to],
    )
    return await this.find(id)
  }

  async #query<Row extends Record<string, unknown>>(statement: string, values: unknown[]): Promise<Row[]> {
    return await this.#shards.of(RUNS_SHARD).query<Row>(statement, values)
  }
}
