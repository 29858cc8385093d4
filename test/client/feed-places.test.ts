import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Photo, PhotoPage } from '../../clients/typescript/src/darkroom-client.ts'
import {
  type Asked,
  FeedPlaces,
  newestFirst,
  type Place,
  spotOf,
} from '../../clients/typescript/src/feed-places.ts'

/** Few times, so that several photos have the same one, and ids of several lengths. */
const photo = fc.record({ id: fc.integer({ min: 1, max: 1200 }), at: fc.integer({ min: 0, max: 9 }) }).map(
  ({ id, at }) =>
    ({
      id: String(id),
      createdAt: new Date(at * 1000).toISOString(),
      original: { width: id, height: 1 },
      color: null,
    }) as Photo,
)
const photos = fc.uniqueArray(photo, { selector: ({ id }) => id, maxLength: 40 })
const act = fc.record({
  kind: fc.constantFrom('older', 'newer', 'read', 'come', 'go', 'told'),
  which: fc.nat(1_000),
  limit: fc.integer({ min: 1, max: 7 }),
})

/** A feed as the server answers: cursors are places between photos, and stay so when these come and go. */
class Server {
  photos: Photo[]
  readonly cuts: { spot: ReturnType<typeof spotOf>; isAbove: boolean }[] = []

  constructor(photos: readonly Photo[]) {
    this.photos = [...photos]
  }

  get sorted(): Photo[] {
    return this.photos.toSorted((a, b) => newestFirst(spotOf(a), spotOf(b)))
  }

  page({ before, after, around }: Asked, limit: number): PhotoPage {
    const all = this.sorted
    const at = (cursor: string) => {
      const { spot, isAbove } = this.cuts[Number(cursor)] as Server['cuts'][number]
      const index = all.findIndex((photo) => newestFirst(spotOf(photo), spot) >= (isAbove ? 0 : 1))
      return index < 0 ? all.length : index
    }
    const [from, to] = before
      ? [at(before.cursor), at(before.cursor) + limit]
      : after
        ? [Math.max(0, at(after.cursor) - limit), at(after.cursor)]
        : [0, limit].map((side) => side + (around ? indexOf(all, around) - (limit >> 1) : 0))
    const begin = Math.max(0, from as number)
    const photos = all.slice(begin, to)
    const cut = (photo: Photo | undefined, isAbove: boolean) =>
      photo ? String(this.cuts.push({ spot: spotOf(photo), isAbove }) - 1) : (before ?? after)?.cursor
    return {
      photos,
      previous: begin > 0 ? (cut(photos[0], true) ?? null) : null,
      next: (to as number) < all.length ? (cut(photos.at(-1), false) ?? null) : null,
    }
  }
}

const indexOf = (all: readonly Photo[], id: string) => all.findIndex((photo) => photo.id === id)

test('whatever pages are read while photos come and go, what was read last is what there was, in order and without a gap', () => {
  fc.assert(
    fc.property(photos, photos, fc.nat(40), fc.array(act, { maxLength: 30 }), (first, later, start, acts) => {
      const server = new Server(first)
      const places = new FeedPlaces()
      const begin = server.sorted[start]
      const opened: Asked = begin ? { around: begin.id } : {}
      places.put(server.page(opened, 4), opened)
      const ids = () => places.all.map(({ id }) => id)
      const later_ = later.filter(({ id }) => indexOf(first, id) < 0)

      for (const { kind, which, limit } of acts) {
        const index = places.all.length === 0 ? 0 : which % places.all.length
        if (kind === 'come') server.photos.push(...later_.splice(0, 1))
        if (kind === 'go') server.photos.splice(which % Math.max(1, server.photos.length), 1)
        if (kind === 'told') {
          const photo = server.photos[which % Math.max(1, server.photos.length)]
          if (photo) places.add(photo)
        }
        const asked: Asked | null =
          kind === 'older' && places.older
            ? { before: places.older }
            : kind === 'newer' && places.newer
              ? { after: places.newer }
              : kind === 'read'
                ? places.pageWith(index)
                : null
        if (!asked) continue
        const page = server.page(asked, limit)
        if (!places.put(page, asked)) continue
        // All of the page, and nothing between.
        const [head, tail] = [page.photos[0], page.photos.at(-1)]
        if (head && tail)
          expect(ids().slice(ids().indexOf(head.id), ids().indexOf(tail.id) + 1)).toEqual(
            page.photos.map(({ id }) => id),
          )
        expect(
          places.all.every((place, i) => i === 0 || newestFirst(places.all[i - 1] ?? place, place) < 0),
        ).toBe(true)
      }

      // Read from the beginning to the end once more, it is exact.
      for (let index = 0; index < places.all.length; ) {
        const asked = places.pageWith(index)
        const place = places.all[index] as Place
        let read = places.put(server.page(asked, 5), asked)
        if (!read && indexOf(server.sorted, place.id) < 0) {
          places.remove(place)
          continue
        }
        // So many are new that the page does not reach: as feeds do, around the photo then.
        read ??= places.put(server.page({ around: place.id }, 5), { around: place.id })
        expect(read).not.toBeNull()
        if (!read) break
        index = Math.max(index + 1, places.indexOf(read.at(-1) ?? { id: '0', at: -1 }) + 1)
      }
      const all = server.sorted.map(({ id }) => id)
      const from = places.newer ? all.indexOf(ids()[0] ?? '') : 0
      const to = places.older ? all.indexOf(ids().at(-1) ?? '') + 1 : all.length
      if (places.all.length > 0 && from >= 0 && to > 0) expect(ids()).toEqual(all.slice(from, to))
    }),
    { numRuns: 500 },
  )
})

test('a page that begins far above what is here is not put in: there would be a gap', () => {
  const at = (n: number) =>
    ({ id: String(n), createdAt: new Date(n).toISOString(), original: {}, color: null }) as Photo
  const server = new Server([1, 2, 3].map(at))
  const places = new FeedPlaces()
  places.put(server.page({}, 10), {})
  server.photos.push(...[4, 5, 6, 7].map(at))

  expect(places.put(server.page({}, 3), {})).toBeNull()
  expect(places.put(server.page({}, 4), {})).toBeNull()
  expect(places.put(server.page({ around: '3' }, 4), { around: '3' })).toHaveLength(4)
  expect(places.newer).not.toBeNull()
})
