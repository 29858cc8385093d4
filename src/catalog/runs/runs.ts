import { DarkroomError } from '../../errors.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import type { Shard } from '../../photo/shard.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import {
  BUT_WHAT_WAS_DRAWN,
  type RunReport,
  type RunState,
  reportsOf,
  type StoredState,
} from './reported-runs.ts'

/** All runs lie beside this shard, and move with it: src/catalog/moves/copy-runs.ts. */
export const RUNS_SHARD = 0 as Shard
export const RUNS_HERE = `shard_is_here(${RUNS_SHARD})`

export type PhotoFailure = { photoId: PhotoId; code: string; message: string; attempts: number }

export type NewRun = { kind: string; selection: unknown; slices: readonly unknown[] }

/** What asks for a run, and may ask again: who it is, their key for it, and a digest of all that is asked for. */
export type RunRequest = { by: string; key: string; fingerprint: string }

/** The version of a run that whoever steers it has seen; any, unless given. And who that is. */
export type Steering = { version?: number | undefined; by?: string | undefined }

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

/** Somebody else has changed the run since. */
export class RunChangedError extends DarkroomError {
  readonly code = 'run_changed'
  constructor(id: number) {
    super(`Run ${id} was changed meanwhile. Look at it again.`)
  }
}

/** Those that recur, and of the others the newest before one. */
const PAGE = reportsOf(
  `select * from runs where recurs and $1::int is null
   union all (select * from runs where not recurs and ($1::int is null or id < $1) order by id desc limit $2)`,
  BUT_WHAT_WAS_DRAWN,
)

const LISTED = reportsOf('select * from runs', BUT_WHAT_WAS_DRAWN)
const ALL = reportsOf('select * from runs')

const OF_ASKED = reportsOf(`
  select * from runs where selection ->> 'asked' = $2 and kind = $1 and created_at > now() - $3 * interval '1 day'`)

/** Runs as their operators see and steer them. */
export class Runs {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /** Returns the number of the new run, which servers begin within seconds. */
  async start(run: NewRun): Promise<number> {
    return (await this.startOnce(run, null)).run
  }

  /**
   * The same for a request that has a key: again it is the run of before, and whether what it was asked by then is told.
   * Null asks for one without a key.
   */
  async startOnce(
    { kind, selection, slices }: NewRun,
    request: RunRequest | null,
  ): Promise<{ run: number; isNew: boolean; fingerprint: string | null }> {
    const [row] = await this.#query<{ run: number; isNew: boolean; fingerprint: string | null }>(
      `with run as (
         insert into runs (kind, recurs, selection, begun_by, request_key, fingerprint)
         select $1, false, $2, $4, $5, $6 where ${RUNS_HERE}
         on conflict (begun_by, request_key) where request_key is not null do nothing
         returning id
       ), parts as (
         insert into run_parts (run, part, slice)
         select run.id, number, slice from run, jsonb_array_elements($3) with ordinality as s(slice, number)
       )
       select id as run, true as "isNew", $6::text as fingerprint from run`,
      [
        kind,
        JSON.stringify(selection),
        JSON.stringify(slices),
        request?.by ?? null,
        request?.key ?? null,
        request?.fingerprint ?? null,
      ],
    )
    if (row) return row
    const begun = request && (await this.begun(request))
    // Forgotten between the two, as it had ended long ago.
    return begun ? { ...begun, isNew: false } : await this.startOnce({ kind, selection, slices }, request)
  }

  /** The run that was begun for the key of a request, and what it was asked by; null when there is none. */
  async begun({ by, key }: RunRequest): Promise<{ run: number; fingerprint: string | null } | null> {
    const [row] = await this.#query<{ run: number; fingerprint: string | null }>(
      `select id as run, fingerprint from runs where begun_by = $1 and request_key = $2 and ${RUNS_HERE}`,
      [by, key],
    )
    return row ?? null
  }

  /** Every run, but for what was drawn of its photos: those that recur first, then the newest. */
  async list(): Promise<RunReport[]> {
    return await this.#query<RunReport>(`${LISTED} where ${RUNS_HERE} order by r.recurs desc, r.id desc`, [])
  }

  /** Those that recur, and so many of the newest others, as `list` has them; or so many of those before one. */
  async page({ before, limit }: { before: number | null; limit: number }): Promise<RunReport[]> {
    return await this.#query<RunReport>(`${PAGE} where ${RUNS_HERE} order by r.recurs desc, r.id desc`, [
      before,
      limit,
    ])
  }

  /** The last run of a kind that is complete, was begun in the last days, and was asked for in the same text; null for none. */
  async lastComplete(
    kind: string,
    { asked, days }: { asked: string; days: number },
  ): Promise<RunReport | null> {
    const reports = await this.#query<RunReport>(`${OF_ASKED} where ${RUNS_HERE} order by r.id desc`, [
      kind,
      asked,
      days,
    ])
    return reports.find(({ state }) => state === 'complete') ?? null
  }

  /** Throws RunNotFoundError. */
  async find(id: number): Promise<RunReport> {
    const [report] = await this.#query<RunReport>(`${ALL} where ${RUNS_HERE} and r.id = $1`, [id])
    if (!report) throw new RunNotFoundError(id)
    return report
  }

  /** The run is done no further until it is resumed; what is in flight ends. Again changes nothing. Throws as `#steer` does. */
  async pause(id: number, steering: Steering = {}): Promise<RunReport> {
    const from: RunState[] = ['running', 'waiting', 'pausing', 'paused']
    return await this.#steer(id, steering, { to: 'paused', from, verb: 'paused' })
  }

  /** Again changes nothing. Throws as `#steer` does. */
  async resume(id: number, steering: Steering = {}): Promise<RunReport> {
    const from: RunState[] = ['running', 'waiting', 'pausing', 'paused', 'stopped']
    return await this.#steer(id, steering, { to: 'running', from, verb: 'resumed' })
  }

  /** For ever; what is done stays done. Again changes nothing. Throws as `#steer` does. */
  async cancel(id: number, steering: Steering = {}): Promise<RunReport> {
    const { recurs, kind } = await this.find(id)
    if (recurs) {
      throw new RunStateError(`Run ${id} (${kind}) recurs, so it can't be cancelled. It can be paused.`)
    }
    const from: RunState[] = ['running', 'pausing', 'paused', 'stopped', 'cancelled']
    return await this.#steer(id, steering, { to: 'cancelled', from, verb: 'cancelled' })
  }

  /**
   * Pauses a run that is running; `reason` is for its operator, who resumes it. With `once` the selection keeps that name: whoever
   * asks again under it, as they do not know that it was done, pauses nothing.
   */
  async hold(id: number, reason: string, { once = null }: { once?: string | null } = {}): Promise<void> {
    await this.#query(
      `update runs set state = 'paused', reason = $2, steered_by = null,
         selection = case when $3::text is null then selection else selection || jsonb_build_object($3::text, true) end
       where id = $1 and state = 'running' and ($3::text is null or not selection ? $3) and ${RUNS_HERE}`,
      [id, reason, once],
    )
  }

  /** Stops a run that is running before its end; `reason` is for its operator. */
  async stop(id: number, reason: string): Promise<void> {
    await this.#query(
      `update runs set state = 'stopped', reason = $2, steered_by = null where id = $1 and state = 'running' and ${RUNS_HERE}`,
      [id, reason],
    )
  }

  /** A run of photos goes faster or more slowly from now on: servers see it within seconds. Throws as `#steer` does. */
  async changePace(id: number, pace: object, { version, by }: Steering = {}): Promise<RunReport> {
    const from: RunState[] = ['running', 'pausing', 'paused', 'stopped']
    await this.#demand(id, { version, from, verb: 'made faster or slower' })
    const changed = await this.#query(
      `update runs set selection = jsonb_set(selection, '{pace}', (selection -> 'pace') || $2), paced_until = null,
         steered_by = $4
       where id = $1 and selection ? 'pace' and ($3::int is null or version = $3) and ${RUNS_HERE}
       returning id`,
      [id, JSON.stringify(pace), version ?? null, by ?? null],
    )
    if (changed.length === 0) throw new RunChangedError(id)
    return await this.find(id)
  }

  /**
   * Keeps in the selection of a run what was found out for it, such as what is drawn of its photos. What stands there already
   * stays. Returns the selection.
   */
  async note(id: number, found: object): Promise<unknown> {
    const [row] = await this.#query<{ selection: unknown }>(
      `update runs set selection = $2::jsonb || selection where id = $1 and ${RUNS_HERE} returning selection`,
      [id, JSON.stringify(found)],
    )
    if (!row) throw new RunNotFoundError(id)
    return row.selection
  }

  /** What a run of photos is to keep to, now; null when it is gone. */
  async paceOf<Pace>(id: number): Promise<Pace | null> {
    const [row] = await this.#query<{ pace: Pace | null }>(
      `select selection -> 'pace' as pace from runs where id = $1 and ${RUNS_HERE}`,
      [id],
    )
    return row?.pace ?? null
  }

  /** Counts the version of a run up, as what follows from it is begun once by whoever has seen it. Throws RunChangedError. */
  async claim(id: number, { version, by }: Steering): Promise<void> {
    const rows = await this.#query(
      `update runs set version = version + 1, changed_at = now(), steered_by = $3
       where id = $1 and ($2::int is null or version = $2) and ${RUNS_HERE} returning id`,
      [id, version ?? null, by ?? null],
    )
    if (rows.length === 0) throw new RunChangedError(id)
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

  /** Throws RunNotFoundError, RunChangedError, and RunStateError when the run is not what it should be for that. */
  async #steer(
    id: number,
    { version, by }: Steering,
    { to, from, verb }: { to: StoredState; from: readonly RunState[]; verb: string },
  ): Promise<RunReport> {
    await this.#demand(id, { version, from, verb })
    const rows = await this.#query(
      `update runs set state = $2, reason = null, steered_by = $4
       where id = $1 and state <> 'cancelled' and ($3::int is null or version = $3) and ${RUNS_HERE} returning id`,
      [id, to, version ?? null, by ?? null],
    )
    if (rows.length === 0 && version !== undefined) throw new RunChangedError(id)
    return await this.find(id)
  }

  async #demand(
    id: number,
    { version, from, verb }: { version: number | undefined; from: readonly RunState[]; verb: string },
  ): Promise<void> {
    const { state, version: now } = await this.find(id)
    if (version !== undefined && version !== now) throw new RunChangedError(id)
    if (!from.includes(state)) throw new RunStateError(`Run ${id} is ${state}, so it can't be ${verb}.`)
  }

  async #query<Row extends Record<string, unknown>>(statement: string, values: unknown[]): Promise<Row[]> {
    return await this.#shards.of(RUNS_SHARD).query<Row>(statement, values)
  }
}
