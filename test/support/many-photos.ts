import type { TestDatabase } from './database.ts'

const RENDITIONS_EACH = 2

/**
 * Writes so many photos of one owner, one a minute, ending now: each with two renditions, one in twenty of them
 * of an earlier look; of the photos one in a thousand public, one in twenty each processing, removed, changing
 * its look and waiting for AVIF.
 */
export async function writePhotos(
  database: TestDatabase,
  { owner, shard, count }: { owner: string; shard: number; count: number },
): Promise<void> {
  await database.query(`
    begin;
    set local synchronous_commit = off;
    set local darkroom.moves_shards = 'yes';
    insert into photos (id, owner, status, visibility, format, bytes, sha256, pending, deleted_at, wanted_at, avif_edition)
    select
      (floor(extract(epoch from now() - (${count} - n) * interval '1 minute') * 1000 - 1704067200000)::bigint << 23)
        | (${shard} << 10) | (n % 1024),
      '${owner}',
      case when n % 20 = 1 then 'processing' else 'ready' end,
      case when n % 1000 = 0 then 'public' else 'private' end,
      'jpeg', 1, '\\x00', case when n % 20 = 1 then '{resize}' else '{}' end::text[],
      case when n % 20 = 2 then now() end,
      case when n % 20 = 3 then now() - interval '1 day' end,
      case when n % 20 <> 4 then 0 end
    from generate_series(1, ${count}) n;
    insert into renditions (photo_id, preset, format, digest, width, height, bytes, retired_at)
    select id, 'feed', 'jpeg', 'digest' || n, 1, 1, 1,
      case when n = 1 and (id & 1023) % 20 = 5 then now() - interval '10 days' end
    from photos, generate_series(1, ${RENDITIONS_EACH}) n where shard_of(id) = ${shard};
    commit`)
  await database.query('analyze photos, renditions')
}
