// The order in which photos `p` of some shards are read. No change of a photo's disturbs it, and photos that have the same
// number, those of an owner with the same bytes, stand by their ids.

/** The number of a photo; `shard_order` in the migration. */
export const SHARD_ORDER = 'shard_order(shard_of(p.id), p.owner, p.sha256)'

/** Whether a photo is in the shards from one to another, both included: parameters. Of other rows `number` is theirs. */
export function isInShards(from: string, to: string, number = SHARD_ORDER): string {
  return `${number} >= shard_start(${from}::int) and ${number} < shard_start(${to}::int + 1)`
}
