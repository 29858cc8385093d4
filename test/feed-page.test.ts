import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import type { Cut, FeedPage } from '../src/catalog/photos/feed-page.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { CURSOR_PATTERN, cursorOf, cutOfCursor } from '../src/http/cursor.ts'
import { firstIdAt, type PhotoId } from '../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openTestDatabase, type TestDatabase } from './support/database.ts'

const owner = 'alice' as OwnerId
const stranger = 'bob' as OwnerId
const POSTED = Date.UTC(2026, 0, 1)

/** Posted when their ids say, at the same few times, before there were ids, and before 1970. */
const posts = fc.array(
  fc.record({
    postedAt: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(-POSTED, -2 * POSTED)),
    isPublic: fc.boolean(),
  }),
  { maxLength: 12 },
)
type Post = { id: PhotoId; postedAt: number; isPublic: boolean }

const idAt = (ms: number) =>
  String(BigInt(firstIdAt(new Date(ms))) | BigInt(shardOfOwner(owner) << 10)) as PhotoId

async function write(database: TestDatabase, photos: readonly Post[]) {
  const values = photos.map(
    ({ id, postedAt, isPublic }) =>
      `(${id}, '${owner}', '${isPublic ? 'public' : 'private'}', 'ready', 'jpeg', 1, '', ${postedAt})`,
  )
  await database.query('delete from photos')
  if (values.length > 0)
    await database.query(
      `insert into photos (id, owner, visibility, status, format, bytes, sha256, posted_at) values ${values}`,
    )
}

const idsOf = (pages: readonly FeedPage[]) => pages.flatMap(({ photos }) => photos.map(({ id }) => id))

/** The first page, and those that its cursors lead to, as clients send them. */
async function walk(first: FeedPage, end: 'next' | 'previous', read: (cursor: string) => Promise<FeedPage>) {
  const pages = [first]
  for (let cut = first[end]; cut; cut = pages.at(-1)?.[end] ?? null) pages.push(await read(cursorOf(cut)))
  return pages
}

test('pages forward, backward and around have every photo once, in the order they were posted', async () => {
  await using database = await openTestDatabase()
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const catalog = new Catalog(map)

  await fc.assert(
    fc.asyncProperty(
      posts,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(owner, stranger),
      fc.nat(),
      async (drawn, limit, viewer, choice) => {
        const all = drawn.map((post, n) => ({
          id: idAt(POSTED + n),
          postedAt: POSTED + post.postedAt,
          isPublic: post.isPublic,
        }))
        await write(database, all)
        const seen = all
          .filter(({ isPublic }) => isPublic || viewer === owner)
          .toSorted((a, b) => b.postedAt - a.postedAt || Number(BigInt(b.id) - BigInt(a.id)))
          .map(({ id }) => id)
        const older = (cursor: string) =>
          catalog.photos.list(owner, viewer, { cut: cutOfCursor(cursor), older: limit })
        const newer = (cursor: string) =>
          catalog.photos.list(owner, viewer, { cut: cutOfCursor(cursor), newer: limit })

        const forward = await walk(await catalog.photos.list(owner, viewer, { older: limit }), 'next', older)
        expect(idsOf(forward)).toEqual(seen)
        expect(forward.map(({ previous }) => previous !== null)).toEqual(forward.map((_, n) => n > 0))

        const last = forward.at(-1) as FeedPage
        const backward = (await walk(last, 'previous', newer)).toReversed()
        expect(idsOf(backward)).toEqual(seen)
        expect(backward.at(-1)?.next).toBe(null)

        const middle = seen.length > 0 && (await catalog.photos.find(seen[choice % seen.length] as PhotoId))
        if (!middle) return
        const around = await catalog.photos.list(owner, viewer, { cut: middle, newer: limit, older: limit })
        const at = seen.indexOf(middle.id)
        expect(idsOf([around])).toEqual(seen.slice(Math.max(at - limit, 0), at + limit))
        const above = (await walk(around, 'previous', newer)).toReversed()
        const below = await walk(around, 'next', older)
        expect(idsOf([...above, ...below.slice(1)])).toEqual(seen)
      },
    ),
  )
})

test('a cursor stays good when all photos of its page are gone', async () => {
  await using database = await openTestDatabase()
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const { photos } = new Catalog(map)
  const album = [0, 1, 2].map((n) => ({ id: idAt(POSTED + n), postedAt: POSTED + n, isPublic: true }))
  const ids = album.map(({ id }) => id)
  await write(database, album)
  const { next } = await photos.list(owner, owner, { older: 2 })

  await write(database, album.slice(1))

  const empty = await photos.list(owner, owner, { cut: next as Cut, older: 2 })
  expect(empty).toMatchObject({ photos: [], next: null })
  const back = await photos.list(owner, owner, { cut: empty.previous as Cut, newer: 2 })
  expect(idsOf([back])).toEqual([ids[2], ids[1]])
})

test('every text of the pattern is a cursor, and no other', () => {
  const pattern = new RegExp(CURSOR_PATTERN)
  fc.assert(
    fc.property(fc.stringMatching(pattern), (cursor) => {
      expect(cursorOf(cutOfCursor(cursor))).toBe(cursor)
    }),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 }),
      fc.bigInt(0n, 2n ** 63n - 1n),
      (ms, id) => {
        const cut = { postedAt: new Date(ms), id: String(id) as PhotoId }
        expect(cursorOf(cut)).toMatch(pattern)
        expect(cutOfCursor(cursorOf(cut))).toEqual(cut)
      },
    ),
  )
})
