import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { Database } from '../src/catalog/database/database.ts'
import { ofEarlierRecipes } from '../src/catalog/runs/earlier-recipes.ts'
import type { Selection, Source } from '../src/catalog/runs/selected-photos.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { shardsOf } from '../src/catalog/shards/shard-places.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { addedAt, firstIdAt, type PhotoId, shardOf } from '../src/photo/photo-id.ts'
import { type OwnerId, type Shard, shardOfOwner } from '../src/photo/shard.ts'
import { countSelected } from '../src/reprocess/count-selected.ts'
import { idsOf, takeSample } from '../src/reprocess/sample.ts'
import { openTestDatabase, type TestDatabase } from './support/database.ts'
import { writePhotos } from './support/many-photos.ts'
import { costsOf, explain, type Plan } from './support/plan.ts'

const MINUTES = 60_000
const PHOTOS = 200_000
/** A page, and one of each of a few recipes; or so many that are looked at. */
const FEW = 1_200
const owners = ['alice', 'bob', 'carol'] as OwnerId[]
/** Three generations of recipes, of which 1 and 2 are today's: without a look, and with one. */
const RECIPES = [null, 1, 2, 3, 4, 5]
const TODAY = [1, 2]
const ALL = { from: '0' as PhotoId, before: '9223372036854775807' as PhotoId }
const NEVER = new AbortController().signal
/** Of those that are counted. */
const PAGE = 5_000

type Row = {
  id: PhotoId
  owner: OwnerId
  status: string
  recipe: number | null
  isRemoved: boolean
  /** In a run of before. */
  failedWith: string | null
}
type Written = Row & { isPublic: boolean; postedAt: number; byte: number }

/** Whether a photo is chosen, told as simply as can be. */
function isSelected({ state, recipes, from, before }: Selection, row: Row): boolean {
  if (row.isRemoved || BigInt(row.id) < BigInt(from) || BigInt(row.id) >= BigInt(before)) return false
  if (state === 'all') return row.status !== 'processing'
  if (state === 'failed') return row.status === 'failed'
  return row.status === 'ready' && (row.recipe === null || !recipes.includes(row.recipe))
}

function isOf(source: Source, { id, owner, failedWith }: Row): boolean {
  switch (source.by) {
    case 'state':
      return source.shards.some(({ from, to }) => shardOf(id) >= from && shardOf(id) <= to)
    case 'shard':
      return shardOf(id) >= source.from && shardOf(id) <= source.to
    case 'owner':
      return owner === source.owner
    case 'id':
      return source.ids.includes(id)
    case 'failure':
      return failedWith !== null && failedWith === (source.code ?? failedWith)
  }
}

const idOf = (ms: number, shard: Shard, n: number) =>
  String(BigInt(firstIdAt(new Date(ms))) + (BigInt(shard) << 10n) + BigInt(n % 1024)) as PhotoId

const rows = fc.array(
  fc.record({
    ms: fc.integer({ min: 0, max: 5 }),
    owner: fc.constantFrom(...owners),
    status: fc.constantFrom('processing', 'ready', 'ready', 'failed'),
    recipe: fc.constantFrom(...RECIPES),
    isRemoved: fc.boolean(),
    isPublic: fc.boolean(),
    postedAt: fc.integer({ min: -3, max: 3 }),
    byte: fc.integer({ min: 0, max: 9 }),
    failedWith: fc.constantFrom(null, 'corrupt_photo', 'too_large'),
  }),
  { minLength: 1, maxLength: 40 },
)
const selections = fc.record({
  state: fc.constantFrom('stale', 'missing', 'failed', 'all'),
  newestFirst: fc.boolean(),
  from: fc.integer({ min: 0, max: 3 }),
  to: fc.integer({ min: 2, max: 6 }),
})

async function writeOnly(database: TestDatabase, rows: readonly Written[]): Promise<void> {
  const values = rows.map(
    ({ id, owner, status, recipe, isRemoved, isPublic, postedAt, byte }) =>
      `(${id}, '${owner}', '${status}', '${isPublic ? 'public' : 'private'}', 'jpeg', 1, '\\x0${byte}'::bytea,
        ${postedAt}, ${recipe}::int, ${isRemoved ? 'now()' : 'null::timestamptz'})`,
  )
  await database.query('delete from photos')
  if (values.length === 0) return
  await database.query(
    `insert into photos (id, owner, status, visibility, format, bytes, sha256, posted_at, recipe, deleted_at)
     values ${values.join(', ')}`,
  )
}

async function writeFailures(database: TestDatabase, run: number, rows: readonly Row[]): Promise<void> {
  const values = rows.flatMap(({ id, failedWith }) =>
    failedWith === null ? [] : [`(${run}, ${id}, '${failedWith}', 'It is so.', 1)`],
  )
  await database.query('delete from run_failures')
  if (values.length === 0) return
  await database.query(
    `insert into run_failures (run, photo_id, code, message, attempts) values ${values.join(', ')}`,
  )
}

describe('the photos of a selection', () => {
  let database: TestDatabase
  let map: ShardMap
  beforeAll(async () => {
    database = await openTestDatabase()
    map = new ShardMap(allShardsAt(database.url), { connections: 2 })
  })
  afterAll(async () => {
    await map[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  test('come each once, page by page, in the order asked for, and are as many as were counted', {
    timeout: 5 * MINUTES,
  }, async () => {
    const base = Date.UTC(2026, 5, 1)
    const { id: run } = (
      (await database.query(
        "insert into runs (kind, recurs, selection) values ('reprocess', false, '{}') returning id",
      )) as { id: number }[]
    )[0] as { id: number }
    await fc.assert(
      fc.asyncProperty(rows, selections, fc.integer({ min: 1, max: 7 }), async (rows, chosen, limit) => {
        const photos = rows.map((row, n) => ({
          ...row,
          id: idOf(base + row.ms, shardOfOwner(row.owner), n),
        }))
        await writeOnly(
          database,
          photos.map((row) => ({ ...row, postedAt: base + row.postedAt })),
        )
        await writeFailures(database, run, photos)
        const selection: Selection = {
          state: chosen.state,
          recipes: TODAY,
          newestFirst: chosen.newestFirst,
          from: firstIdAt(new Date(base + chosen.from)),
          before: firstIdAt(new Date(base + chosen.to)),
        }
        const sources: Source[] = [
          { by: 'state', shards: [{ from: 0, to: 8191 }] },
          { by: 'state', shards: [{ from: 0, to: shardOfOwner(owners[0] as OwnerId) }] },
          { by: 'shard', from: 1000, to: 8191 },
          { by: 'owner', owner: owners[1] as OwnerId },
          { by: 'failure', run, code: null },
          { by: 'failure', run, code: 'corrupt_photo' },
          { by: 'id', ids: [...photos.map(({ id }) => id).filter((_, n) => n % 2 === 0), '999' as PhotoId] },
        ]
        const { selected } = new Catalog(map)

        for (const source of sources) {
          const expected = photos.filter((row) => isOf(source, row) && isSelected(selection, row))
          const found: PhotoId[] = []
          let passedOver = 0
          let cursor: unknown = null
          for (let page = 0; page < 100; page++) {
            const next = await selected.page(source, selection, JSON.parse(JSON.stringify(cursor)), limit)
            expect(next.ids.length).toBeLessThanOrEqual(limit)
            found.push(...next.ids)
            passedOver += next.passedOver
            cursor = next.cursor
            if (next.isLast) break
          }
          expect(found.toSorted()).toEqual(expected.map(({ id }) => id).toSorted())
          if (source.by === 'state') {
            const inOrder = found.toSorted((a, b) =>
              BigInt(a) < BigInt(b) === selection.newestFirst ? 1 : -1,
            )
            expect(found).toEqual(inOrder)
          }
          const chosen = { sources: [source], selection, limit: null }
          const except = found.slice(0, 2)
          expect(await countSelected(selected, chosen, { except, until: NEVER })).toEqual({
            photos: found.length + passedOver - except.length,
            isAll: true,
          })
          const sample = await takeSample(new Catalog(map), chosen, { size: 100, until: NEVER })
          expect(sample?.population).toBe(found.length)
          expect(sample && idsOf(sample).toSorted()).toEqual(found.toSorted())
        }
      }),
      { numRuns: 40 },
    )
  })
})

/** The cursor of a photo among those of its shard. */
async function inShardOf(database: TestDatabase, id: PhotoId): Promise<string> {
  const [row] = (await database.query(
    `select shard_order(shard_of(id), owner, sha256) || ' ' || id as cursor from photos where id = ${id}`,
  )) as { cursor: string }[]
  return (row as { cursor: string }).cursor
}

test('a page of them costs the same, however many photos there are', { timeout: 10 * MINUTES }, async () => {
  const owner = owners[0] as OwnerId
  await using database = await openTestDatabase()
  await writePhotos(database, { owner, shard: shardOfOwner(owner), count: PHOTOS })
  // A thousand failed, some thousands are of each of four earlier recipes, and most are of today's.
  await database.query(`
    begin;
    set local darkroom.moves_shards = 'yes';
    update photos set status = 'failed' where (id & 1023) % 200 = 7 and status = 'ready';
    update photos set recipe = case when (id & 1023) % 10 = 3 then ((id & 1023) % 40)::int + 10 when (id & 1023) % 50 = 4 then null else 1 end;
    commit`)
  await database.query('vacuum analyze photos')
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const { selected } = new Catalog(map)
  const ids = (
    (await database.query('select id::text from photos p order by p.id')) as { id: PhotoId }[]
  ).map(({ id }) => id)
  const middle = ids[PHOTOS / 2] as PhotoId
  const all = { ...ALL, recipes: [1] }
  const sources: [Source, cursor: unknown][] = [
    [{ by: 'state', shards: [{ from: 0, to: 8191 }] }, middle],
    [
      { by: 'shard', from: shardOfOwner(owner), to: shardOfOwner(owner) + 3 },
      await inShardOf(database, middle),
    ],
    [{ by: 'owner', owner }, `${addedAt(middle).getTime()} ${middle}`],
    [{ by: 'id', ids: ids.slice(0, 5_000) }, 2_000],
  ]

  const query = Database.prototype.query
  const costly: Record<string, string[]> = {}
  let asked = 0
  for (const state of ['stale', 'missing', 'failed', 'all'] as const) {
    for (const newestFirst of [true, false]) {
      for (const [source, behind] of sources) {
        for (const cursor of [null, behind]) {
          const name = `${state} by ${source.by}, ${newestFirst ? 'newest' : 'oldest'} first, after ${cursor}`
          using _asked = vi.spyOn(Database.prototype, 'query').mockImplementation(async function (
            this: Database,
            statement,
            values,
          ) {
            const costs = costsOf(await explain(this, statement, values), FEW)
            asked += 1
            if (costs.length > 0) costly[name] = costs
            return await query.call(this, statement, values)
          } as typeof query)
          expect(
            (await selected.page(source, { ...all, state, newestFirst }, cursor, 50)).ids.length,
            name,
          ).toBeGreaterThan(0)
        }
      }
    }
  }

  expect(costly).toEqual({})
  expect(asked).toBe(64)
  // A count and a sample read all that they count, page by page, and of the index alone.
  const plans: Plan[] = []
  using _asked = vi.spyOn(Database.prototype, 'query').mockImplementation(async function (
    this: Database,
    statement,
    values,
  ) {
    plans.push(await explain(this, statement, values))
    return await query.call(this, statement, values)
  } as typeof query)
  let counted = 0
  const pages = ofEarlierRecipes(map.ofShards(shardsOf({ from: 0, to: 8191 })), all, PAGE)
  for await (const ids of pages) counted += ids.length
  const texts = plans.map((plan) => JSON.stringify(plan))
  expect(counted).toBeGreaterThan(10_000)
  expect(plans.length).toBeLessThan(counted / PAGE + 20)
  expect(texts.filter((text) => !text.includes('photos_by_recipe_and_id'))).toEqual([])
  expect(plans.flatMap((plan) => costsOf(plan, PAGE))).toEqual([])
})

test('a count of many is told in time, as at least so many', async () => {
  await using database = await openTestDatabase()
  await writePhotos(database, {
    owner: owners[0] as OwnerId,
    shard: shardOfOwner(owners[0] as OwnerId),
    count: 100,
  })
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const { selected } = new Catalog(map)
  const selection: Selection = { ...ALL, recipes: [1], state: 'all', newestFirst: true }
  const sources: Source[] = [0, 1].map(() => ({ by: 'state', shards: [{ from: 0, to: 8191 }] }))
  const chosen = { sources, selection, limit: null }

  const whole = await countSelected(selected, chosen, { until: NEVER })
  const late = await countSelected(selected, chosen, { until: AbortSignal.abort() })
  const limited = await countSelected(selected, { ...chosen, limit: 7 }, { until: NEVER })

  expect(whole).toEqual({ photos: 2 * late.photos, isAll: true })
  expect(late).toEqual({ photos: expect.any(Number), isAll: false })
  expect(limited).toEqual({ photos: 7, isAll: true })
  expect(await takeSample(new Catalog(map), chosen, { size: 5, until: AbortSignal.abort() })).toBeNull()
})

test('photos of earlier recipes come each once from several databases', {
  timeout: MINUTES,
}, async () => {
  await using databases = new AsyncDisposableStack()
  const first = databases.use(await openTestDatabase())
  const second = databases.use(await openTestDatabase())
  const ranges = [
    { from: 0, to: 4095, url: first.url },
    { from: 4096, to: 8191, url: second.url },
  ]
  await migrateCatalog(ranges)
  await using map = new ShardMap(ranges, { connections: 1 })
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 4 }), async (rows, limit) => {
      const photos = rows.map((row, n) => ({ ...row, id: idOf(0, shardOfOwner(row.owner), n) }))
      const isFirst = ({ owner }: Row) => shardOfOwner(owner) < 4096
      await writeOnly(first, photos.filter(isFirst))
      await writeOnly(
        second,
        photos.filter((row) => !isFirst(row)),
      )

      const found: PhotoId[] = []
      const pages = ofEarlierRecipes(
        map.ofShards(shardsOf({ from: 0, to: 8191 })),
        { ...ALL, recipes: TODAY },
        limit,
      )
      for await (const ids of pages) found.push(...ids)

      const expected = photos.filter((row) =>
        isSelected({ ...ALL, recipes: TODAY, state: 'stale', newestFirst: true }, row),
      )
      expect(found.toSorted()).toEqual(expected.map(({ id }) => id).toSorted())
    }),
    { numRuns: 25 },
  )
})
