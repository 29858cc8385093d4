import { expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import type { Look } from '../src/photo/look/look.ts'
import type { Rendition } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { RenditionFormat } from '../src/photo/rendition-formats.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openEmptyDatabase } from './support/database.ts'
import { migrateToRowRenditions, RowRenditions, type Shown } from './support/row-renditions.ts'

const owner = 'alice' as OwnerId
const shard = shardOfOwner(owner)
const mono: Look = { filter: 'mono' as FilterName, strength: 0.5 }
const dusk: Look = { filter: 'dusk' as FilterName, strength: 1 }
const PRESETS = ['thumb', 'small', 'medium', 'feed', 'full'] as const
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)

/** Of a photo no digest is made twice. */
let made = 0
function madeIn(...formats: RenditionFormat[]): Rendition[] {
  return PRESETS.flatMap((preset, n) =>
    formats.map((format) => {
      made += 1
      const digest = made.toString(16).padStart(8, '0')
      return { preset, format, digest, width: 100 * (n + 1), height: 75, bytes: 127 + 3_000 * made }
    }),
  )
}
const first = () => madeIn('jpeg', 'webp')
const digestsOf = (renditions: readonly Rendition[]) => renditions.map(({ digest }) => digest).toSorted()

/** Photos in every state that they could be in, each with what must be seen of it. */
async function writeAlbum(before: RowRenditions) {
  const upload = async (look: Look | null = null) => {
    const id = (await before.insert(owner, shard, look)) as PhotoId
    return id
  }
  const ready = async (look: Look | null = null) => {
    const id = await upload(look)
    const plain = first()
    await before.record(id, 'resize', null, plain)
    const looked = first()
    if (look) await before.record(id, 'filter', look, looked)
    return { id, plain, looked }
  }

  const processing = await upload()
  const halfMade = await upload(mono)
  await before.record(halfMade, 'resize', null, first())
  const plain = await ready()
  const withAvif = await ready()
  const avif = madeIn('avif')
  await before.recordAvif(withAvif.id, 0, null, avif)
  const withoutAvif = await ready()
  await before.query('update photos set avif_edition = 0 where id = $1', [withoutAvif.id])
  const looked = await ready(mono)
  const changed = await ready()
  await before.recordAvif(changed.id, 0, null, madeIn('avif'))
  const edition = await before.wantLook(changed.id, dusk)
  await before.showLook(changed.id, edition, dusk, first())
  const doomed = await ready()
  await before.showLook(doomed.id, await before.wantLook(doomed.id, mono), mono, first())
  await before.query('update renditions set is_doomed = true where photo_id = $1 and edition = 0', [
    doomed.id,
  ])
  const changing = await ready()
  await before.wantLook(changing.id, mono)
  const failed = await upload()
  await before.query(
    "update photos set status = 'failed', failure_code = 'x', failure_message = 'x' where id = $1",
    [failed],
  )
  const removed = await ready()
  await before.query('update photos set deleted_at = now() where id = $1', [removed.id])
  return {
    processing,
    halfMade,
    plain,
    withAvif,
    withoutAvif,
    looked,
    changed,
    doomed,
    changing,
    failed,
    removed,
  }
}

/** Uploads and changes of look, as servers of before make them, until their tables are gone; and what they saw last of each. */
async function useUntilMoved(url: string, seen: Map<PhotoId, Shown>): Promise<void> {
  await using before = await RowRenditions.open(url)
  try {
    for (;;) {
      const id = (await before.insert(owner, shard, null)) as PhotoId
      await before.record(id, 'resize', null, first())
      seen.set(id, await before.find(id))
      await before.recordAvif(id, 0, null, madeIn('avif'))
      seen.set(id, await before.find(id))
      const other = [...seen.keys()][Math.floor(Math.random() * seen.size)] as PhotoId
      const edition = await before.wantLook(other, mono)
      await before.showLook(other, edition, mono, first())
      seen.set(other, await before.find(other))
      expect(seen.get(other)).toMatchObject({ edition, look: mono })
      expect(seen.get(other)?.digests).toHaveLength(10)
    }
  } catch (error) {
    const hasMoved = ['42P01', '42703'].includes((error as { code?: string }).code ?? '')
    if (!hasMoved) throw error
  }
}

test('a database with a row for each rendition is moved up while it is read and written to, and loses nothing', async () => {
  await using database = await openEmptyDatabase()
  await migrateToRowRenditions(database.url)
  await using before = await RowRenditions.open(database.url)
  const album = await writeAlbum(before)
  for (let n = 0; n < 500; n++) {
    const id = await before.insert(owner, shard, null)
    await before.record(id, 'resize', null, first())
  }
  const ids = (
    await before.query<{ id: PhotoId }>(
      'select id::text from photos p where deleted_at is null order by p.id',
    )
  ).map(({ id }) => id)
  const expected = new Map<PhotoId, Shown>()
  for (const id of ids) expected.set(id, await before.find(id))
  const retired = await before.query<{ digest: string }>(
    `select digest from renditions r join photos p on p.id = photo_id
     where r.edition <> p.edition or (r.filter, r.strength) is distinct from (p.filter, p.strength)`,
  )

  const seen = [new Map<PhotoId, Shown>(), new Map<PhotoId, Shown>()]
  const using = Promise.all(seen.map((map) => useUntilMoved(database.url, map)))
  await expect.poll(() => seen.every(({ size }) => size > 5)).toBe(true)
  await migrateCatalog(allShardsAt(database.url))
  await using

  await using map = new ShardMap(allShardsAt(database.url), { connections: 2 })
  const catalog = new Catalog(map)
  const present = async (id: PhotoId): Promise<Shown> => {
    const photo = await catalog.photos.find(id)
    if (!photo) throw new Error(`${id} is lost`)
    const { status, edition, look, renditions } = photo
    return { status, edition, look, digests: digestsOf(renditions) }
  }
  const used = new Map(seen.flatMap((map) => [...map]))
  for (const [id, shown] of expected) if (!used.has(id)) expect(await present(id)).toEqual(shown)
  for (const [id, { digests, ...shown }] of used) {
    const now = await present(id)
    // What was done as the tables went may have been committed, and nobody told: a change of look, or AVIF.
    expect(now.edition).toBeGreaterThanOrEqual(shown.edition)
    if (now.edition > shown.edition) continue
    expect(now).toMatchObject(shown)
    expect(now.digests).toEqual(expect.arrayContaining(digests))
    expect([digests.length, digests.length + 5]).toContain(now.digests.length)
  }
  const { photos: listed } = await catalog.photos.list(owner, owner, { older: 10_000 })
  expect(listed.map(({ id }) => id)).toEqual(
    listed.map(({ id }) => id).toSorted((a, b) => Number(BigInt(b) - BigInt(a))),
  )

  const unfinished = (await catalog.photos.unfinished(inDays(1), null, 100)).map(({ id }) => id)
  expect(unfinished).toEqual(expect.arrayContaining([album.processing, album.halfMade]))
  const withoutLater = (await catalog.renditions.withoutLater(inDays(1), null, 10_000)).map(({ id }) => id)
  expect(withoutLater).toEqual(expect.arrayContaining([album.plain.id, album.looked.id, album.changed.id]))
  expect(withoutLater).not.toEqual(expect.arrayContaining([album.withAvif.id]))
  expect(withoutLater).not.toEqual(expect.arrayContaining([album.withoutAvif.id]))
  expect(await catalog.photos.find(album.changing.id)).toMatchObject({ wanted: { look: mono, edition: 1 } })
  expect(await catalog.removals.find(album.removed.id)).toMatchObject({ hadRenditions: true })

  const kept = (await catalog.objects.ofPhotos([album.changed.id])).get(album.changed.id)?.renditions ?? []
  const earlier = kept.filter(({ isShown }) => !isShown).map(({ digest }) => digest)
  expect(earlier).toEqual(expect.arrayContaining(digestsOf(album.changed.plain)))
  const doomedNow = (await catalog.renditions.doom(new Date(), 10_000)).map(({ id }) => id)
  expect(doomedNow).not.toContain(album.changed.id)
  const doomedLater = await catalog.renditions.doom(inDays(31), 10_000)
  const gone = doomedLater.flatMap(({ renditions }) => digestsOf(renditions))
  expect(gone).toEqual(expect.arrayContaining(retired.map(({ digest }) => digest)))
}, 300_000)
