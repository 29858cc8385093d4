import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { firstIdAt } from '../src/photo/photo-id.ts'
import { shardOfOwner } from '../src/photo/shard.ts'
import { type Darkroom, OWNER, untilIdle } from './darkroom.ts'
import { drawPhoto } from './photo.ts'
import { formOf, upload } from './upload-request.ts'

const SHAPES = [
  [1632, 1224],
  [1067, 1600],
  [1600, 1067],
  [1224, 1632],
  [1800, 1000],
] as const

/**
 * Gives the owner so many public photos, one a minute, the newest a minute old. A handful is uploaded and developed; the others are
 * rows like theirs, whose pictures lie where theirs do.
 */
export async function writePictures(darkroom: Darkroom, count: number): Promise<void> {
  const { database, store } = darkroom.config
  if (database.kind !== 'url' || store.kind !== 'disk') throw new Error('These are written on this machine.')
  for (const [width, height] of SHAPES)
    await upload(darkroom, formOf(await drawPhoto({ width, height, quality: 88 })))
  await untilIdle(darkroom)

  const shard = BigInt(shardOfOwner(OWNER))
  const now = Date.now()
  const ids = Array.from({ length: count }, (_, i) => {
    const first = BigInt(firstIdAt(new Date(now - (i + 1) * 60_000)))
    return String(first | (shard << 10n) | BigInt(i % 1024))
  })
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await client.query(`begin; set local synchronous_commit = off; set local darkroom.moves_shards = 'yes'`)
    const { rows } = await client.query<{ id: string; like: string; secret: string }>(
      `with shape as (select *, row_number() over (order by id) - 1 as shape from photos where owner = $2),
       copy as (select id, (number - 1) % ${SHAPES.length} as shape from unnest($1::bigint[]) with ordinality c(id, number)),
       written as (
         insert into photos (id, owner, status, visibility, format, bytes, sha256, width, height, color, thumbhash, posted_at, secret,
           renditions, later_renditions, recipe)
         select copy.id, owner, status, visibility, format, bytes, sha256, width, height, color, thumbhash, posted_at_of(copy.id),
           secret, renditions, later_renditions, recipe from copy join shape using (shape)
       )
       select copy.id, shape.id as like, translate(encode(secret, 'base64'), '+/=', '-_') as secret
       from copy join shape using (shape)`,
      [ids, OWNER],
    )
    await client.query('commit')
    await client.query('call add_heads()')
    await client.query('analyze photos')
    const folder = join(store.root, 'public', String(shard))
    for (const { id, like, secret } of rows)
      await symlink(`${like}-${secret}`, join(folder, `${id}-${secret}`))
  } finally {
    await client.end()
  }
}
