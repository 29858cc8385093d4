import fc from 'fast-check'
import { expect } from 'vitest'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { type Cut, type FeedPage, TOP } from '../../src/catalog/photos/feed-page.ts'
import type { FilterName } from '../../src/photo/look/filter.ts'
import type { Photo, Visibility } from '../../src/photo/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { newSecret, type Secret } from '../../src/photo/secret.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { PLAIN } from './photos.ts'
import { SECRET } from './place.ts'

export const MADE = {
  facts: { width: 4, height: 3, color: '#8a6f5b', thumbhash: 'AQID' },
  renditions: [{ preset: 'feed', format: 'jpeg', digest: '00000001', width: 4, height: 3, bytes: 12 }],
  recipe: 1,
} as const

/** What others must see of a photo. */
export type Kept = {
  id: PhotoId
  owner: OwnerId
  postedAt: number
  visibility: Visibility
  secret: Secret
  isReady: boolean
}

/** Owners and their photos, as in a table in memory, written and read by servers in turn. */
export class World {
  readonly owners: readonly OwnerId[]
  readonly #catalogs: readonly Catalog[]
  readonly photos: Kept[] = []
  #turn = 0

  constructor(owners: readonly OwnerId[], catalogs: readonly Catalog[]) {
    this.owners = owners
    this.#catalogs = catalogs
  }

  /** Each time another server's. */
  get catalog(): Catalog {
    this.#turn += 1
    return this.#catalogs[this.#turn % this.#catalogs.length] as Catalog
  }

  async post({ owner, postedAt }: { owner: number; postedAt: number | null }): Promise<void> {
    const of = this.owners[owner % this.owners.length] as OwnerId
    const id = await this.catalog.photos.nextId(of)
    const photo = { ...PLAIN, id, owner: of, secret: SECRET }
    if (postedAt === null) await this.catalog.photos.insert(photo)
    else {
      const name = { source: 'test', externalId: id, owner: of }
      await this.catalog.imports.insert(
        { ...photo, postedAt: new Date(postedAt), madeBy: { run: 1, line: 1 } },
        name,
      )
    }
    const kept = (await this.catalog.photos.find(id)) as Photo
    this.photos.push({
      id,
      owner: of,
      postedAt: Number(kept.postedAt),
      visibility: 'public',
      secret: SECRET,
      isReady: false,
    })
  }

  async finish(which: number): Promise<void> {
    const photo = this.#pick(which)
    if (!photo) return
    const { renditions } = this.catalog
    await renditions.record(photo, { look: null, edition: 0 }, MADE)
    photo.isReady = true
  }

  async remove(which: number): Promise<void> {
    const photo = this.#pick(which)
    if (!photo) return
    expect(await this.catalog.removals.remove(photo.id, photo.owner)).toBe(true)
    this.photos.splice(this.photos.indexOf(photo), 1)
  }

  async show(which: number): Promise<void> {
    const photo = this.#pick(which)
    if (!photo) return
    const visibility = photo.visibility === 'public' ? 'private' : 'public'
    const secret = newSecret()
    for (let isMoved = false; !isMoved; ) {
      // Its shard may move in between: then it is another row, with another mark.
      const marked = await this.catalog.places.read(photo.id)
      if (!marked) throw new Error('the photo is not there')
      isMoved = await this.catalog.places.move(marked, { id: photo.id, visibility, secret })
    }
    photo.secret = secret
    photo.visibility = visibility
  }

  async changeLook(which: number): Promise<void> {
    const photo = this.#pick(which)
    if (!photo) return
    const look = { filter: 'mono' as FilterName, strength: 1 }
    const { looks } = this.catalog
    const edition = (await looks.want(photo.id, photo.owner, { look })) as number
    await looks.show(photo, { look, focus: null, edition }, MADE)
    photo.isReady = true
  }

  /** What a feed of these owners has, newest first. */
  shown(owners: readonly OwnerId[]): Kept[] {
    return this.photos
      .filter((photo) => owners.includes(photo.owner) && photo.visibility === 'public' && photo.isReady)
      .toSorted((a, b) => b.postedAt - a.postedAt || (BigInt(a.id) < BigInt(b.id) ? 1 : -1))
  }

  #pick(which: number): Kept | undefined {
    return this.photos[which % this.photos.length]
  }
}

export const idsOf = ({ photos }: Pick<FeedPage, 'photos'>) => photos.map(({ id }) => id)

/** Every page of the feed, in both directions and around each photo, is that of the sort in memory. */
export async function expectExact(world: World, owners: readonly OwnerId[], limit: number): Promise<void> {
  const all = world.shown(owners).map(({ id }) => id)
  const page = async (wish: Parameters<Catalog['feeds']['page']>[1]) =>
    await world.catalog.feeds.page(owners, wish)

  const down: PhotoId[][] = []
  let last: FeedPage | null = null
  for (let cut: Cut | null = TOP; cut; cut = last.next) {
    last = await page({ cut, older: limit })
    down.push(idsOf(last))
    expect(last.previous === null).toBe(down.length === 1)
  }
  expect(down.flat()).toEqual(all)
  expect(down.slice(0, -1).every((ids) => ids.length === limit)).toBe(true)

  const up: PhotoId[][] = []
  for (let cut = last?.previous ?? null; cut; cut = last?.previous ?? null) {
    last = await page({ cut, newer: limit })
    up.unshift(idsOf(last))
    expect(last.next).not.toBeNull()
  }
  expect(up.flat()).toEqual(all.slice(0, all.length - (down.at(-1)?.length ?? 0)))
  expect(up.slice(1).every((ids) => ids.length === limit)).toBe(true)

  const middle = world.shown(owners)[Math.floor(all.length / 2)]
  if (!middle) return
  const newer = Math.floor(limit / 2)
  const cut = { postedAt: new Date(middle.postedAt), id: middle.id }
  const around = await page({ cut, newer, older: limit - newer })
  const place = all.indexOf(middle.id)
  expect(idsOf(around)).toEqual(all.slice(Math.max(0, place - newer), place + limit - newer))
  expect([around.previous === null, around.next === null]).toEqual([
    place - newer <= 0,
    place + limit - newer >= all.length,
  ])
}

/** Few times, so that several photos have the same one. */
const postedAt = fc.option(fc.constantFrom(-1, 0, 981_173_106_000, 981_173_106_001, 4_000_000_000_000))
const which = fc.nat(1_000)
export const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ act: fc.constant('post' as const), owner: which, postedAt }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('finish' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constantFrom('remove' as const, 'show' as const, 'changeLook' as const),
      which,
    }),
  },
)

export type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
