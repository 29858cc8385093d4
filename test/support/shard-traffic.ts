import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Catalog } from '../../src/catalog/catalog.ts'
import type { Made } from '../../src/catalog/photos/made-edition.ts'
import type { FilterName } from '../../src/photo/look/filter.ts'
import type { Photo, PhotoStatus } from '../../src/photo/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../src/photo/shard.ts'
import { insertPhoto } from './photos.ts'

/** What an owner did and must see. */
export type Album = {
  owner: OwnerId
  photos: Map<PhotoId, PhotoStatus>
  /** Removed, and not forgotten yet. */
  removed: Set<PhotoId>
  /** All ids that were made, in their order. */
  ids: PhotoId[]
  steps: number
}

export type Traffic = { albums: readonly Album[]; stop(): Promise<void> }

const FACTS = { width: 4, height: 3, color: '#8a6f5b', thumbhash: 'AQID' }
const PRESETS = ['thumb', 'feed'] as const
/** An album has so many photos, however long the traffic goes on: a look at them takes no longer and longer. */
const MOST_PHOTOS = 12
/** After every so many steps sweeps are looked at, too: what is asked of all shards costs more than all else together. */
const SWEEP_STEPS = 4

/** No digest is ever made twice for a photo. */
function madeOf(edition: number): Made {
  const digest = String(edition).padStart(8, '0')
  const file = { format: 'webp', digest, width: 4, height: 3, bytes: 12 } as const
  return { facts: FACTS, renditions: PRESETS.map((preset) => ({ preset, ...file })), recipe: 1 }
}

/** So many owners whose shards are in the range. */
export function ownersOf({ from, to }: { from: number; to: number }, count: number): OwnerId[] {
  const owners: OwnerId[] = []
  for (let n = 0; owners.length < count; n++) {
    const owner = `owner-${n}` as OwnerId
    const shard = shardOfOwner(owner)
    if (shard >= from && shard <= to) owners.push(owner)
  }
  return owners
}

/**
 * Owners who upload, look, remove and purge, each one thing after the other through any of the catalogs, as through
 * several servers. After each step they see all that they did, and now and then so do sweeps, or `stop` rejects.
 */
export function startTraffic(catalogs: readonly Catalog[], owners: readonly OwnerId[]): Traffic {
  const stopping = new AbortController()
  const albums = owners.map(
    (owner): Album => ({ owner, photos: new Map(), removed: new Set(), ids: [], steps: 0 }),
  )
  const lives = Promise.all(albums.map((album) => live(album, catalogs, stopping.signal)))
  lives.catch(() => stopping.abort())
  return {
    albums,
    stop: async () => {
      stopping.abort()
      await lives
    },
  }
}

async function live(album: Album, catalogs: readonly Catalog[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const add = album.photos.size < MOST_PHOTOS ? upload : remove
    await pick([add, add, finish, changeLook, remove, purge])(album, pick(catalogs))
    await checkOwn(album, pick(catalogs))
    if (album.steps % SWEEP_STEPS === 0) await checkSweeps(album, pick(catalogs))
    album.steps += 1
    await sleep(Math.random() * 120)
  }
}

async function upload({ owner, photos, ids }: Album, catalog: Catalog): Promise<void> {
  const id = await insertPhoto(catalog, owner)
  expect(BigInt(id)).toBeGreaterThan(BigInt(ids.at(-1) ?? 0))
  ids.push(id)
  photos.set(id, 'processing')
}

async function finish({ photos }: Album, catalog: Catalog): Promise<void> {
  const id = pick([...photos.keys()])
  if (!id) return
  const photo = (await catalog.photos.find(id)) as Photo
  const recorded = await catalog.renditions.record(photo, { look: null, edition: 0 }, madeOf(0))
  expect(recorded).toMatchObject({ status: 'ready' })
  photos.set(id, 'ready')
  expect((await catalog.photos.find(id))?.renditions).toHaveLength(PRESETS.length)
}

async function changeLook({ owner, photos }: Album, catalog: Catalog): Promise<void> {
  const id = pick([...photos.keys()])
  if (!id) return
  const look = { filter: 'mono' as FilterName, strength: Math.random() }
  const edition = (await catalog.looks.want(id, owner, { look })) as number
  const photo = (await catalog.photos.find(id)) as Photo
  const change = { look, focus: null, edition }
  expect(photo.wanted).toEqual(change)
  expect(await catalog.looks.show(photo, change, madeOf(edition))).toBe(true)
  photos.set(id, 'ready')
  expect(await catalog.photos.find(id)).toMatchObject({ look, wanted: null, edition })
}

async function remove({ owner, photos, removed }: Album, catalog: Catalog): Promise<void> {
  const id = pick([...photos.keys()])
  if (!id || photos.size < MOST_PHOTOS / 2) return
  expect(await catalog.removals.remove(id, owner)).toBe(true)
  photos.delete(id)
  removed.add(id)
  expect(await catalog.photos.find(id)).toBe(null)
}

async function purge({ removed }: Album, catalog: Catalog): Promise<void> {
  const id = pick([...removed])
  if (!id) return
  expect(await catalog.removals.find(id)).toMatchObject({ id })
  await catalog.removals.forget([id])
  removed.delete(id)
}

/** Everything that a catalog tells of the album's photos is what the owner did. */
export async function checkAlbum(album: Album, catalog: Catalog): Promise<void> {
  await checkOwn(album, catalog)
  await checkSweeps(album, catalog)
}

async function checkOwn({ owner, photos, removed, ids }: Album, catalog: Catalog): Promise<void> {
  const { photos: listed } = await catalog.photos.list(owner, owner, { older: 10_000 })
  expect(listed.map(({ id, status }) => [id, status])).toEqual([...photos].toReversed())
  expect(new Set((await catalog.objects.ofPhotos(ids)).keys())).toEqual(
    new Set([...photos.keys(), ...removed]),
  )
  expect(await catalog.photos.settled(processingOf(photos))).toEqual(new Set())
}

async function checkSweeps({ photos, removed }: Album, catalog: Catalog): Promise<void> {
  const unfinished = new Set((await catalog.photos.unfinished(inAYear(), null, 100_000)).map(({ id }) => id))
  expect(processingOf(photos).filter((id) => !unfinished.has(id))).toEqual([])
  const waiting = new Set((await catalog.removals.unpurged(inAYear(), null, 100_000)).map(({ id }) => id))
  expect([...removed].filter((id) => !waiting.has(id))).toEqual([])
}

function processingOf(photos: Album['photos']): PhotoId[] {
  return [...photos].filter(([, status]) => status === 'processing').map(([id]) => id)
}

function inAYear(): Date {
  return new Date(Date.now() + 365 * 24 * 3_600_000)
}

function pick<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item
}
