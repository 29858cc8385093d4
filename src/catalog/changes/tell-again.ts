import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import type { ShardMap } from '../shards/shard-map.ts'

/**
 * Has all servers forget what they remember of an owner, or of whom a viewer follows: for who finds done what they were asked
 * for. Whoever did it may have died before it told of it.
 */
export async function tellAgain(shards: ShardMap, owner: OwnerId): Promise<void> {
  const shard = shardOfOwner(owner)
  await shards.of(shard).query('select tell_change($2) where shard_is_here($1)', [shard, owner])
}
