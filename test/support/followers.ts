import { type OwnerId, shardOfOwner } from '../../src/photo/shard.ts'
import type { TestDatabase } from './database.ts'

/** So many viewers follow the owner, as if each had asked for it. Returns them in their order. */
export async function follow(
  database: Pick<TestDatabase, 'query'>,
  owner: OwnerId,
  count: number,
): Promise<string[]> {
  const shard = shardOfOwner(owner)
  await database.query(
    `insert into followers (owner, viewer, id, number, is_gone)
     select '${owner}', viewer, named_id(${shard}, '${owner} ' || viewer), n, false
     from (select n, 'viewer-' || lpad(n::text, 7, '0') as viewer from generate_series(1, ${count}) n) follower`,
  )
  return Array.from({ length: count }, (_, n) => `viewer-${String(n + 1).padStart(7, '0')}`)
}
