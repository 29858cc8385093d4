import type { ShardMap } from '../shards/shard-map.ts'
import type { CostsOf } from './costs.ts'
import type { StoredState, Tally } from './reported-runs.ts'
import { type PhotoFailure, RUNS_HERE, RUNS_SHARD } from './runs.ts'

/** A part of a run that a server works, as it was when it was taken. */
export type TakenPart = {
  run: number
  part: number
  kind: string
  recurs: boolean
  selection: unknown
  /** Which of the run's photos are its own. */
  slice: unknown
  /** Null at the beginning. */
  cursor: unknown
  /** Null until they are counted. */
  selected: number | null
  /** What was promised before, up to the cursor, and is not counted. */
  inFlight: readonly unknown[]
  tally: Tally
  /** Who took it, and no other attempt of the same server. */
  holder: string
}

/** How far a part has come: what is counted since the last time, and what is so from now on. */
export type Move = {
  cursor: unknown
  inFlight: readonly unknown[]
  done: number
  skipped: number
  failed: readonly PhotoFailure[]
  tally: Tally
  /** What these took is added, once for all. Null for none. */
  costsOf: CostsOf | null
  /** How many photos it has, once that is known; at least those that were seen. */
  selected: number | null
  /** What it waits for, or goes slowly for, in words for an operator. */
  heldBecause: string | null
}

/** For so long others leave a part to a server that has died. */
const LEASE_S = 20

const HELD_HERE = `run = $1 and part = $2 and holder = $3 and ${RUNS_HERE}`
const LEASE = `now() + interval '${LEASE_S} seconds'`

/** Which server works which part of a run, and how far it has come. */
export class RunParts {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /**
   * Takes the part that is due longest, of a run that is running and of these kinds, for 20 s: nobody else gets it
   * meanwhile. All parts are counted before one is worked. Null when nothing is due.
   */
  async take(wanted: {
    holder: string
    kinds: readonly string[]
    /** Runs that this server works already. */
    except: readonly number[]
    /** Any, unless given. */
    only?: readonly number[]
  }): Promise<TakenPart | null> {
    const rows = await this.#query<TakenPart>(
      `with due as (
         select p.run, p.part from run_parts p join runs r on r.id = p.run
         where ${RUNS_HERE} and p.ended_at is null and r.state = 'running' and r.kind = any($2::text[])
           and r.id <> all($3::int[]) and ($4::int[] is null or r.id = any($4))
           -- due much later than anything ever is: a clock was ahead
           and (p.due_at <= now() or p.due_at > now() + interval '1 hour')
         order by p.selected is not null, p.due_at, p.part limit 1
         for update of p skip locked
       )
       update run_parts p set holder = $1, due_at = ${LEASE}, held_because = null
       from due, runs r where (p.run, p.part) = (due.run, due.part) and r.id = p.run
       returning p.run, p.part, r.kind, r.recurs, r.selection, p.slice, p.cursor, p.in_flight as "inFlight",
         p.selected::float8 as selected, p.tally, p.holder`,
      [wanted.holder, wanted.kinds, wanted.except, wanted.only ?? null],
    )
    return rows[0] ?? null
  }

  /**
   * Cursor, counts, failures and what is in flight, in one statement: whoever takes the part next goes on from here.
   * Has it for another 20 s. Tells what the run is meant to be; null when the part was lost to another server: then
   * nothing is recorded.
   */
  async move(part: TakenPart, move: Move): Promise<StoredState | null> {
    const costsOf = move.costsOf ? [...move.costsOf.done, ...move.costsOf.others] : []
    const rows = await this.#query<{ state: StoredState }>(
      `with costs as (
         select count(*) as made, coalesce(sum(cpu_ms), 0) as cpu_ms, coalesce(sum(wall_ms), 0) as wall_ms,
           coalesce(sum(puts), 0) as puts, coalesce(sum(put_bytes), 0) as put_bytes,
           coalesce(sum(bytes_before), 0) as bytes_before, coalesce(sum(bytes_after), 0) as bytes_after,
           count(*) filter (where had_failed and photo_id = any($13)) as mended
         from run_costs where run = $1 and photo_id = any($12)
       ), moved as (
         update run_parts p set cursor = $4, in_flight = $5, done = done + $6, skipped = skipped + $7,
           failed = failed + jsonb_array_length($8), tally = $9, due_at = ${LEASE}, moved_at = now(), held_because = $11,
           selected = greatest(coalesce($10, selected, 0), done + $6 + skipped + $7 + failed + jsonb_array_length($8)),
           made = p.made + costs.made, cpu_ms = p.cpu_ms + costs.cpu_ms, wall_ms = p.wall_ms + costs.wall_ms,
           puts = p.puts + costs.puts, put_bytes = p.put_bytes + costs.put_bytes,
           bytes_before = p.bytes_before + costs.bytes_before, bytes_after = p.bytes_after + costs.bytes_after,
           mended = p.mended + costs.mended
         from costs
         where ${HELD_HERE} returning run
       ), counted as (
         delete from run_costs c using moved where c.run = moved.run and c.photo_id = any($14)
       ), kept as (
         insert into run_failures (run, photo_id, code, message, attempts)
         select moved.run, f."photoId", f.code, f.message, f.attempts
         from moved, jsonb_to_recordset($8) as f("photoId" bigint, code text, message text, attempts int)
         on conflict (run, photo_id) do update set code = excluded.code, message = excluded.message,
           attempts = run_failures.attempts + excluded.attempts, failed_at = now()
       )
       select state from runs, moved where id = moved.run`,
      [
        part.run,
        part.part,
        part.holder,
        JSON.stringify(move.cursor),
        JSON.stringify(move.inFlight),
        move.done,
        move.skipped,
        JSON.stringify(move.failed),
        JSON.stringify(move.tally),
        move.selected,
        move.heldBecause,
        costsOf,
        move.costsOf?.done ?? [],
        move.costsOf?.isKept ? [] : costsOf,
      ],
    )
    return rows[0]?.state ?? null
  }

  /** Has the part for another 20 s. As `move`. */
  async extend(part: TakenPart): Promise<StoredState | null> {
    const rows = await this.#query<{ state: StoredState }>(
      `with extended as (update run_parts set due_at = ${LEASE} where ${HELD_HERE} returning run)
       select state from runs, extended where id = extended.run`,
      [part.run, part.part, part.holder],
    )
    return rows[0]?.state ?? null
  }

  /** Lets others have the part, in so many seconds; `because` is what it waits for meanwhile. */
  async leave(part: TakenPart, seconds: number, because: string | null = null): Promise<void> {
    await this.#query(
      `update run_parts set holder = null, due_at = now() + $4 * interval '1 second', held_because = $5
       where ${HELD_HERE}`,
      [part.run, part.part, part.holder, seconds, because],
    )
  }

  /**
   * All of the part is done; what was counted and not met is skipped, as it is gone or needs nothing any more. A run that
   * recurs begins anew in so many seconds.
   */
  async end(part: TakenPart, againInSeconds: number): Promise<void> {
    await this.#query(
      `update run_parts set holder = null, held_because = null, in_flight = '[]', skipped = coalesce(selected, 0) - done - failed,
         selected = coalesce(selected, 0), lapped_at = now(),
         cursor = case when $4 then null else cursor end, ended_at = case when $4 then null else now() end,
         due_at = now() + $5 * interval '1 second'
       where ${HELD_HERE}`,
      [part.run, part.part, part.holder, part.recurs, againInSeconds],
    )
  }

  async #query<Row extends Record<string, unknown>>(statement: string, values: unknown[]): Promise<Row[]> {
    return await this.#shards.of(RUNS_SHARD).query<Row>(statement, values)
  }
}
