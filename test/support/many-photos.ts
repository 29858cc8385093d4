import { encodeRenditions } from '../../src/catalog/photos/rendition-value.ts'
import { type OwnerId, shardOfOwner } from '../../src/photo/shard.ts'
import type { TestDatabase } from './database.ts'

const VALUE = encodeRenditions([
  { preset: 'feed', format: 'jpeg', digest: '00000001', width: 1, height: 1, bytes: 1 },
])

/**
 * Writes so many photos of one owner, one a minute, ending now: one in a thousand public, one in twenty each processing,
 * removed, changing its look, waiting for its later renditions, and with an earlier edition that is due.
 */
export async function writePhotos(
  database: TestDatabase,
  { owner, shard, count }: { owner: string; shard: number; count: number },
): Promise<void> {
  const value = `'\\x${VALUE.toString('hex')}'::bytea`
  await database.query(`
    begin;
    set local synchronous_commit = off;
    set local darkroom.moves_shards = 'yes';
    insert into photos (id, owner, status, visibility, format, bytes, sha256, posted_at, deleted_at, wanted_at,
      renditions, later_renditions)
    select id, '${owner}',
      case when n % 20 = 1 then 'processing' else 'ready' end,
      case when n % 1000 = 0 then 'public' else 'private' end,
      'jpeg', 1, sha256(int8send(n)), posted_at_of(id),
      case when n % 20 = 2 then now() end,
      case when n % 20 = 3 then now() - interval '1 day' end,
      case when n % 20 <> 1 then ${value} end,
      case when n % 20 <> 4 then ${value} end
    from (
      select n, (floor(extract(epoch from now() - (${count} - n) * interval '1 minute') * 1000 - 1704067200000)::bigint << 23)
        | (${shard} << 10) | (n % 1024) as id
      from generate_series(1, ${count}) n
    ) photo;
    insert into earlier_renditions (photo_id, edition, renditions, due_at, run)
    select id, -1, ${value}, now() + case when (id & 1023) % 20 = 5 then interval '-1 day' else interval '1 day' end, 7
    from photos where shard_of(id) = ${shard};
    commit`)
  await database.query('analyze photos, earlier_renditions')
}

/** Keeps of each earlier edition how far the one after it is from it: tables of before have no place for that. */
export async function writeDifferences(database: TestDatabase): Promise<void> {
  await database.query(`
    begin;
    set local synchronous_commit = off;
    set local darkroom.moves_shards = 'yes';
    update earlier_renditions set difference = (photo_id & 1023) % 100;
    commit`)
  await database.query('analyze earlier_renditions')
}

/** Reserves an id of the owner's next to that of each photo, every second one with a key and an upload that has begun, and gives as many others a day. */
export async function writeReservations(database: TestDatabase, owner: string): Promise<void> {
  await database.query(`
    begin;
    set local synchronous_commit = off;
    set local darkroom.moves_shards = 'yes';
    insert into reserved_ids (id, owner) select id + (1 << 23), owner from photos where owner = '${owner}';
    insert into idempotency_keys (photo_id, ids, is_open, owner, key, fingerprint)
    select id, array[id], false, owner, id::text, '\\x00' from reserved_ids where (id & 1) = 0;
    insert into daily_uses (photo_id, owner, day, photos, bytes)
    select id, 'owner' || id, now(), 1, 1 from reserved_ids;
    insert into uploads (id, owner, length, metadata) select id, owner, 1, '' from reserved_ids where (id & 1) = 0;
    commit`)
  await database.query('analyze reserved_ids, idempotency_keys, daily_uses, uploads')
}

/** Twenty public photos of each owner, and the heads of all and of many others. */
export async function writeShown(database: TestDatabase, owners: readonly OwnerId[]): Promise<void> {
  const shards = owners.map(shardOfOwner)
  await database.query(`
    begin;
    set local synchronous_commit = off;
    set local darkroom.moves_shards = 'yes';
    insert into photos (id, owner, status, visibility, format, bytes, sha256, posted_at, renditions, later_renditions)
    select id, owner, 'ready', 'public', 'jpeg', 1, sha256(int8send(id)), posted_at_of(id), '', ''
    from unnest('{${owners}}'::text[], '{${shards}}'::int[]) with ordinality o(owner, shard, place), generate_series(1, 20) n,
      lateral (select (floor(extract(epoch from now() - (n * ${owners.length} + place) * interval '1 minute') * 1000 - 1704067200000)::bigint << 23)
        | (shard << 10) | n as id) photo;
    insert into heads (owner, id, version, posted_at, photo_id)
    select 'other-' || n, named_id(1, 'other-' || n), n, n, n from generate_series(1, 50000) n;
    commit`)
  await database.query('call add_heads()')
  await database.query('analyze photos, heads')
}

/** So many viewers who follow the owner, one in ten gone, and as many changes of them that nobody has told. */
export async function writeFollows(
  database: TestDatabase,
  { owner, shard, count }: { owner: string; shard: number; count: number },
): Promise<void> {
  await database.query(`
    begin;
    set local synchronous_commit = off;
    set local darkroom.moves_shards = 'yes';
    insert into following (viewer, id, owners, version)
    select 'viewer-' || n, named_id(${shard}, 'viewer-' || n), '{${owner}}', n from generate_series(1, ${count}) n;
    insert into followers (owner, viewer, id, number, is_gone)
    select '${owner}', viewer, named_id(${shard}, '${owner} ' || viewer), version, version % 10 = 0 from following;
    insert into follow_changes (viewer, owner, id, number, is_followed)
    select viewer, '${owner}', named_id(${shard}, viewer || ' ${owner}'), version, true from following;
    commit`)
  await database.query('analyze following, followers, follow_changes')
}

/** An event of each of the owner's photos, under the photo's id; of every second one whom it concerns was told, and a few others were refused. */
export async function writeEvents(database: TestDatabase, owner: string): Promise<void> {
  await database.query(`
    begin;
    set local synchronous_commit = off;
    set local darkroom.moves_shards = 'yes';
    insert into photo_events (id, owner, photo_id, type, visibility, is_new, is_told, refusals, retry_at, refusal)
    select id, owner, id, 'photo.ready', visibility, (id & 3) = 0, (id & 1) = 0,
      case when is_refused then 5 else 0 end, case when is_refused then now() - interval '1 minute' end, 'x'
    from (select *, (id & 1023) = 7 as is_refused from photos where owner = '${owner}') photo;
    commit`)
  await database.query('analyze photo_events')
}
