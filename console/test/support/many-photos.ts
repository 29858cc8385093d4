import { createHash } from 'node:crypto'
import { encodeRenditions } from '../../../src/catalog/photos/rendition-value.ts'
import type { PhotoId } from '../../../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../../src/photo/shard.ts'
import type { TestService } from '../../../test/support/service.ts'

/** As photos are: lying and standing, and now and then a panorama. */
const SIZES = [
  [4032, 3024],
  [3024, 4032],
  [3000, 2000],
  [4032, 2268],
  [2000, 3000],
  [3024, 3024],
  [4800, 1600],
] as const

/**
 * Writes public photos of an owner that are ready, one an hour, the newest of them an hour ago, without objects: their pictures can't
 * be had. Returns their ids, newest first.
 */
export async function writePhotos(
  { database }: TestService,
  owner: string,
  count: number,
): Promise<PhotoId[]> {
  const shard = BigInt(shardOfOwner(owner as OwnerId))
  const hourAgo = BigInt(Date.now() - Date.UTC(2024, 0, 1))
  const ids = Array.from({ length: count }, (_, i) =>
    String(((hourAgo - BigInt(i + 1) * 3_600_000n) << 23n) | (shard << 10n) | BigInt(i % 1024)),
  )
  const value = encodeRenditions([
    { preset: 'medium', format: 'jpeg', digest: '00000001', width: 640, height: 480, bytes: 1 },
  ])
  const rows = ids.map((id, i) => {
    const [width, height] = SIZES[i % SIZES.length] as (typeof SIZES)[number]
    const color = `#${createHash('sha256').update(id).digest('hex').slice(0, 6)}`
    return `(${id}, '${owner}', 'ready', 'public', 'jpeg', 1, sha256('${id}'), posted_at_of(${id}), ${width}, ${height}, '${color}',
      decode('1QcSHQRnh493V4dIh4eXh1h4kJUI', 'base64'), decode('k3J9sQ2x0aE=', 'base64'), '\\x${value.toString('hex')}', '')`
  })
  await database.query(`
    begin;
    set local synchronous_commit = off;
    set local darkroom.moves_shards = 'yes';
    insert into photos (id, owner, status, visibility, format, bytes, sha256, posted_at, width, height, color, thumbhash, secret,
      renditions, later_renditions) values ${rows.join(',')};
    commit`)
  await database.query('call add_heads()')
  return ids as PhotoId[]
}
