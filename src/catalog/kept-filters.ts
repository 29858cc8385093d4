import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { type ColorTable, stepsOf, tableOfSteps } from '../photo/look/color-table.ts'
import type { FilterName, KeptFilter } from '../photo/look/filter.ts'
import type { OwnerId } from '../photo/shard.ts'
import { RUNS_HERE, RUNS_SHARD } from './runs/runs.ts'
import type { ShardMap } from './shards/shard-map.ts'

/** What an operator keeps: a filter with its table. */
export type NewKeptFilter = KeptFilter & { table: ColorTable; keptBy: OwnerId }

/** Looks that operators keep for all servers and workers, beside shard 0. They are few; their tables may be large. */
export class KeptFilters {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /** All of them, by name, without their tables. */
  async all(): Promise<KeptFilter[]> {
    return await this.#shards
      .of(RUNS_SHARD)
      .read<KeptFilter>(`select name, title, digest from kept_filters where ${RUNS_HERE} order by name`)
  }

  /** The table of the filter; null when it has another by now, or is gone. */
  async table({ name, digest }: Pick<KeptFilter, 'name' | 'digest'>): Promise<ColorTable | null> {
    const [row] = await this.#shards
      .of(RUNS_SHARD)
      .read<{ size: number; steps: Buffer }>(
        `select size, steps from kept_filters where name = $1 and digest = $2 and ${RUNS_HERE}`,
        [name, digest],
      )
    if (!row) return null
    const bytes = await promisify(inflateRaw)(row.steps)
    return tableOfSteps(row.size, new Uint16Array(Uint8Array.from(bytes).buffer))
  }

  /** From now on the name stands for this one. Returns whether it is new. */
  async keep({ name, title, digest, table, keptBy }: NewKeptFilter): Promise<boolean> {
    const steps = await promisify(deflateRaw)(new Uint8Array(stepsOf(table).buffer))
    const [row] = await this.#shards.of(RUNS_SHARD).query<{ isNew: boolean }>(
      `with before as (select from kept_filters where name = $1)
       insert into kept_filters (name, title, digest, size, steps, kept_by) select $1, $2, $3, $4, $5, $6 where ${RUNS_HERE}
       on conflict (name) do update set title = excluded.title, digest = excluded.digest, size = excluded.size,
         steps = excluded.steps, kept_by = excluded.kept_by, kept_at = now()
       returning not exists (select from before) as "isNew"`,
      [name, title, digest, table.size, steps, keptBy],
    )
    return row?.isNew ?? true
  }

  /** False when there is none. */
  async remove(name: FilterName): Promise<boolean> {
    const rows = await this.#shards
      .of(RUNS_SHARD)
      .query(`delete from kept_filters where name = $1 and ${RUNS_HERE} returning name`, [name])
    return rows.length > 0
  }
}
