import type { ShardMap } from '../shards/shard-map.ts'
import type { StoredState } from './reported-runs.ts'
import { type NewRun, RUNS_HERE, RUNS_SHARD } from './runs.ts'

/** The runs that begin anew by themselves: one of each such kind. */
export class RecurringRuns {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /** The run of a kind that recurs, which begins in so many seconds; there is one, and asking again changes nothing. */
  async keep({
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
  async find(
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

  async #query<Row extends Record<string, unknown>>(statement: string, values: unknown[]): Promise<Row[]> {
    return await this.#shards.of(RUNS_SHARD).query<Row>(statement, values)
  }
}
