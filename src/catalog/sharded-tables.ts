/**
 * The tables whose rows belong to photos, and the column that tells to which: they live where the shard of that photo
 * does. What moves shards reads this list; a migration that makes such a table gives it the trigger `hold_shard`.
 * A table stands after those that it refers to.
 */
export const SHARDED_TABLES = [
  { table: 'photos', photo: 'id' },
  { table: 'earlier_renditions', photo: 'photo_id' },
] as const
