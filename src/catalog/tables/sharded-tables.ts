// Where the rows of every table live. A new table stands in one of these lists: test/sharded-tables.test.ts says so, and
// what its migration must give it.
import { SHARD_ORDER } from '../shards/shard-order.ts'

/** Rows that go by themselves, `id` being of their shard and the same for a few of them at most, and the tables whose rows go with those of the same id. */
export type ShardedRoot = {
  table: string
  id: string
  /** The number by which rows `p` are found and copied: an index has it. All of a shard lie from shard_start on. */
  number: string
  /** A column that each database writes itself: it may differ from that of the copy. */
  own?: string
  /** After those that they refer to. */
  with: readonly { table: string; id: string }[]
}

/** Where the shard of an id does. Each table has the trigger `hold_shard`. */
export const SHARDED_ROOTS: readonly ShardedRoot[] = [
  {
    table: 'photos',
    id: 'id',
    number: SHARD_ORDER,
    with: [
      { table: 'earlier_renditions', id: 'photo_id' },
      { table: 'external_ids', id: 'photo_id' },
    ],
  },
  { table: 'reserved_ids', id: 'id', number: 'shard_start(shard_of(p.id))', with: [] },
  { table: 'uploads', id: 'id', number: 'shard_start(shard_of(p.id))', with: [] },
  { table: 'idempotency_keys', id: 'photo_id', number: 'shard_start(shard_of(p.photo_id))', with: [] },
  { table: 'daily_uses', id: 'photo_id', number: 'shard_start(shard_of(p.photo_id))', with: [] },
  { table: 'photo_events', id: 'id', number: 'shard_start(shard_of(p.id))', own: 'xid', with: [] },
  { table: 'heads', id: 'id', number: 'p.id', with: [] },
  { table: 'following', id: 'id', number: 'p.id', with: [] },
  { table: 'follow_changes', id: 'id', number: 'p.id', with: [] },
  { table: 'followers', id: 'id', number: 'p.id', with: [] },
]

/** Beside shard 0, where all runs are, in the order in which they refer to each other. Such a table has a trigger, too. */
export const RUN_TABLES = ['runs', 'run_parts', 'run_failures', 'run_failure_codes', 'run_costs'] as const

/** Beside shard 0, too, with such a trigger, each by itself. */
export const FIRST_SHARD_TABLES = ['kept_filters', 'storage_use'] as const

/** A row for each shard, which goes where that does: moves know them by name. */
export const SHARD_TABLES = ['shard_clocks'] as const

/** What a database knows of itself, of its shards while they move, and of the console for minutes; no row of these moves. */
export const OWN_TABLES = [
  'shards',
  'shard_changes',
  'installation',
  'darkroom_migrations',
  'console_codes',
] as const
