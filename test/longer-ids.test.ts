import { expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { type Cut, type FeedPage, TOP } from '../src/catalog/photos/feed-page.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { addedAt, type PhotoId } from '../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openTestDatabase, type TestDatabase } from './support/database.ts'

const STEP = 10n ** 18n
const LIMIT = 3
const owner = 'alice' as OwnerId
const later = new Date('2100-01-01')

/** Ten ids of 18 digits and ten of 19, a second apart, smallest first. */
function idsAcrossTheStep(): PhotoId[] {
  const shard = BigInt(shardOfOwner(owner)) << 10n
  const ms = (STEP >> 23n) + 1n
  const idAt = (n: number) => String(((ms + BigInt(n - 10) * 1000n) << 23n) | shard) as PhotoId
  return Array.from({ length: 20 }, (_, n) => idAt(n))
}

async function insert(database: TestDatabase, ids: readonly PhotoId[], columns: Record<string, string>) {
  const names = ['', ...Object.keys(columns)].join(', ')
  const values = ['', ...Object.values(columns)].join(', ')
  await database.query(
    `insert into photos (id, owner, visibility, format, bytes, sha256, posted_at${names})
     select id, '${owner}', 'public', 'jpeg', 1, '', posted_at_of(id)${values} from unnest('{${ids}}'::bigint[]) id`,
  )
}

async function pagesOf<Row extends { id: PhotoId }>(read: (after: PhotoId | null) => Promise<Row[]>) {
  const seen: PhotoId[] = []
  for (;;) {
    const page: Row[] = await read(seen.at(-1) ?? null)
    seen.push(...page.map(({ id }) => id))
    if (page.length < LIMIT) return seen
  }
}

test('the step from ids of 18 digits to 19 is where the calendar says', () => {
  const ids = idsAcrossTheStep()

  expect(ids.map((id) => id.length)).toEqual([...Array(10).fill(18), ...Array(10).fill(19)])
  expect(
    addedAt(ids[10] as PhotoId)
      .toISOString()
      .slice(0, 10),
  ).toBe('2027-10-11')
})

test('feeds show new photos before old ones across the step to ids of 19 digits', async () => {
  await using database = await openTestDatabase()
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const catalog = new Catalog(map)
  const ids = idsAcrossTheStep()
  await insert(database, ids, { status: "'ready'" })

  const newestFirst: PhotoId[] = []
  for (let cut: Cut | null = TOP; cut; ) {
    const page: FeedPage = await catalog.photos.list(owner, owner, { cut, older: LIMIT })
    newestFirst.push(...page.photos.map(({ id }) => id))
    cut = page.next
  }

  expect(newestFirst).toEqual(ids.toReversed())
})

test('sweeps page over every photo across the step to ids of 19 digits', async () => {
  await using database = await openTestDatabase()
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const catalog = new Catalog(map)
  const ids = idsAcrossTheStep()
  await insert(database, ids, {})

  expect(await pagesOf((after) => catalog.photos.unfinished(later, after, LIMIT))).toEqual(ids)

  await database.query("update photos set status = 'ready', wanted_at = now() - interval '1 day'")
  expect(await pagesOf((after) => catalog.looks.changing(new Date(), after, LIMIT))).toEqual(ids)
  expect((await catalog.renditions.withoutLater(later, null, 15)).map(({ id }) => id)).toEqual(
    ids.slice(0, 15),
  )

  await database.query('update photos set deleted_at = now()')
  const removed = (after: PhotoId | null) => catalog.removals.unpurged(later, after, LIMIT)
  expect(await pagesOf(removed)).toEqual(ids)
})
