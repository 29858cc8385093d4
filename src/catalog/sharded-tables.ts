// Where the rows of every table live. A new table stands in one of these lists: test/sharded-tables.test.ts says so, and
// what its migration must give it.

/**
 * Where the shard of a photo does: the column tells of which. Such a table has the trigger `hold_shard`, and its rows go
 * with their photo's. It stands after those that it refers to.
 */
export const SHARDED_TABLES = [
  { table: 'photos', photo: 'id' },
  { table: 'earlier_renditions', photo: 'photo_id' },
  { table: 'external_ids', photo: 'photo_id' },
] as const

/** Beside shard 0, where all runs are, in the order in which they refer to each other. Such a table has a trigger, too. */
export const RUN_TABLES = ['runs', 'run_parts', 'run_failures', 'run_costs'] as const

/** A row for each shard, which goes where that does: moves know them by name. */
export const SHARD_TABLES = ['shard_clocks'] as const

/** What a database knows of itself, and of its shards while they move; no row of these moves. */
export const OWN_TABLES = ['shards', 'shard_changes', 'installation', 'darkroom_migrations'] as const
