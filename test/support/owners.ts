import { type OwnerId, shardOfOwner } from '../../src/photo/shard.ts'

/** Another owner whose photos have the same shard. */
export function neighbourOf(owner: string): OwnerId {
  const shard = shardOfOwner(owner as OwnerId)
  for (let number = 0; ; number++) {
    const neighbour = `neighbour-${number}` as OwnerId
    if (shardOfOwner(neighbour) === shard) return neighbour
  }
}
