import type { Shard } from '../photo/shard.ts'
import type { ShardMap } from './shard-map.ts'

/** A task of which one process shall have the lease at a time. */
export type Lease = { name: string; holder: string }

/**
 * They lie beside this shard. When it moves to another database they begin anew there, so that for a moment two may have
 * one: they save that work is done twice, and nothing else.
 */
const LEASE_SHARD = 0 as Shard
const HERE = `shard_is_here(${LEASE_SHARD})`

/** Who does what only one process shall do at a time. */
export class Leases {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /**
   * Takes the lease for so many seconds when nobody has it, and returns what its last holder kept; null when another
   * process has it.
   */
  async take<Progress>(
    { name, holder }: Lease,
    seconds: number,
  ): Promise<{ progress: Progress | null } | null> {
    const rows = await this.#shards.of(LEASE_SHARD).query<{ progress: Progress | null }>(
      `insert into leases as lease (name, holder, expires_at)
       select $1, $2, now() + $3 * interval '1 second' where ${HERE}
       on conflict (name) do update set holder = $2, expires_at = excluded.expires_at
         -- one that lasts longer than any was made by a clock that was ahead
         where lease.expires_at <= now() or lease.expires_at > now() + interval '1 hour'
       returning progress`,
      [name, holder, seconds],
    )
    return rows[0] ?? null
  }

  /** Has the lease for so many seconds from now. False when it was lost to another. */
  async extend({ name, holder }: Lease, seconds: number): Promise<boolean> {
    const rows = await this.#shards.of(LEASE_SHARD).query(
      `update leases set expires_at = now() + $3 * interval '1 second'
       where name = $1 and holder = $2 and ${HERE} returning name`,
      [name, holder, seconds],
    )
    return rows.length > 0
  }

  /** Keeps how far the work has come for whoever has the lease next. False when it was lost to another. */
  async keepProgress({ name, holder }: Lease, progress: unknown): Promise<boolean> {
    const rows = await this.#shards
      .of(LEASE_SHARD)
      .query(`update leases set progress = $3 where name = $1 and holder = $2 and ${HERE} returning name`, [
        name,
        holder,
        JSON.stringify(progress),
      ])
    return rows.length > 0
  }
}
