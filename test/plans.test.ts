import { expect, test, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { Database } from '../src/catalog/database.ts'
import { ShardMap } from '../src/catalog/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import type { FilterName } from '../src/photo/filter.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openTestDatabase } from './support/database.ts'
import { writePhotos } from './support/many-photos.ts'

const PHOTOS = 200_000
/** As much as a page of a sweep, the renditions of its photos, and some that are passed over. */
const FEW = 2_000
const MINUTES = 60_000

type Plan = {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Plan[]
}

const owner = 'alice' as OwnerId
const stranger = 'bob' as OwnerId
const look = { filter: 'mono' as FilterName, strength: 1 }
const facts = { width: 4, height: 3, color: '#8a6f5b', thumbhash: 'AQID' }
const renditions = [
  { preset: 'feed', format: 'webp', digest: '00000001', width: 4, height: 3, bytes: 12 },
] as const

/** Every method of the catalog that a request, a job or a sweep calls; `ids` are in order, of one owner. */
const CALLS: Record<
  Exclude<
    keyof Catalog,
    'check' | 'describe' | 'placeOf' | 'installation' | 'takeLease' | 'extendLease' | 'keepProgress'
  >,
  (catalog: Catalog, ids: readonly PhotoId[]) => Promise<unknown>
> = {
  nextId: (catalog) => catalog.nextId(owner),
  insert: async (catalog) => {
    const id = await catalog.nextId(owner)
    const original = { format: 'jpeg', bytes: 3, sha256: 'ab' } as const
    await catalog.insert({ id, owner, visibility: 'public', original, focus: null, look: null, pending: [] })
  },
  find: (catalog, ids) => catalog.find(at(ids, 0.5)),
  list: async (catalog, ids) => {
    for (const viewer of [owner, stranger]) {
      for (const before of [null, at(ids, 0.5)]) await catalog.list(owner, viewer, { limit: 31, before })
    }
  },
  record: (catalog, ids) => catalog.record(at(ids, 0.2), { kind: 'resize', look: null, facts, renditions }),
  markFailed: (catalog, ids) => catalog.markFailed(at(ids, 0.2), { code: 'x', message: 'x' }),
  remove: (catalog, ids) => catalog.remove(at(ids, 0.3), owner),
  findRemoved: (catalog, ids) => catalog.findRemoved(at(ids, 0.3)),
  markPurged: (catalog, ids) => catalog.markPurged(at(ids, 0.3)),
  purged: (catalog) => catalog.purged(150),
  forget: (catalog, ids) => catalog.forget([at(ids, 0.3)]),
  unfinished: async (catalog, ids) => {
    for (const after of [null, at(ids, 0.5)]) await catalog.unfinished(inAnHour(), after, 500)
  },
  removed: async (catalog, ids) => {
    for (const after of [null, at(ids, 0.5)]) await catalog.removed(inAnHour(), after, 500)
  },
  keptOfPhotos: (catalog, ids) => catalog.keptOfPhotos(ids.slice(-500)),
  keptOfShards: (catalog) => catalog.keptOfShards([shardOfOwner(stranger)]),
  isEmpty: (catalog) => catalog.isEmpty(),
  settled: (catalog, ids) => catalog.settled(ids.slice(-500)),
  wantLook: (catalog, ids) => catalog.wantLook(at(ids, 0.4), owner, look),
  showLook: (catalog, ids) =>
    catalog.showLook(at(ids, 0.4), { look, edition: 1 }, facts, [{ ...renditions[0], digest: '00000002' }]),
  earlierRenditions: (catalog, ids) => catalog.earlierRenditions(at(ids, 0.4), look),
  showEarlierLook: (catalog, ids) =>
    catalog.showEarlierLook(at(ids, 0.4), { look, edition: 1 }, 1, ['00000002'], facts),
  abandonedDigests: (catalog, ids) => catalog.abandonedDigests(at(ids, 0.4), 0, ['00000003']),
  giveUpLook: (catalog, ids) => catalog.giveUpLook(at(ids, 0.4), 1),
  changing: async (catalog, ids) => {
    for (const after of [null, at(ids, 0.5)]) await catalog.changing(new Date(), after, 500)
  },
  doomRenditions: (catalog) => catalog.doomRenditions(new Date(), 500),
  forgetRenditions: (catalog, ids) =>
    catalog.forgetRenditions({ id: at(ids, 0.4), renditions: [{ ...renditions[0] }] }),
  recordAvif: (catalog, ids) => catalog.recordAvif(at(ids, 0.4), { look, edition: 1 }, renditions),
  giveUpAvif: (catalog, ids) => catalog.giveUpAvif(at(ids, 0.4), 1),
  withoutAvif: (catalog) => catalog.withoutAvif(inAnHour(), 500),
}

const at = (ids: readonly PhotoId[], part: number) => ids[Math.floor(ids.length * part)] as PhotoId
const inAnHour = () => new Date(Date.now() + 3_600_000)

test(`no statement sorts or scans what an index gives, however many photos there are`, {
  timeout: 10 * MINUTES,
}, async () => {
  await using database = await openTestDatabase()
  await writePhotos(database, { owner, shard: shardOfOwner(owner), count: PHOTOS })
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const catalog = new Catalog(map)
  const rows = (await database.query('select id::text from photos p order by p.id')) as { id: PhotoId }[]
  const ids = rows.map(({ id }) => id)

  const query = Database.prototype.query
  const costly: Record<string, string[]> = {}
  for (const [name, call] of Object.entries(CALLS)) {
    using asked = vi.spyOn(Database.prototype, 'query').mockImplementation(async function (
      this: Database,
      statement,
      values,
    ) {
      const costs = / photos|renditions/.test(statement)
        ? costsOf(await explain(this, statement, values))
        : []
      if (costs.length > 0) costly[`${name}: ${statement}`] = costs
      return await query.call(this, statement, values)
    } as typeof query)
    await call(catalog, ids)
    expect(asked, name).toHaveBeenCalled()
  }

  expect(costly).toEqual({})
})

/** The plan by which the statement ran, with what each step of it read; what it did is undone. */
async function explain(
  database: Database,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Plan> {
  const undone = new Error('undone')
  let plan: Plan | undefined
  await database
    .transaction(async ({ query }) => {
      const [row] = await query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (analyze, format json) ${statement}`,
        values,
      )
      plan = row?.['QUERY PLAN'][0].Plan
      throw undone
    })
    .catch((error) => {
      if (error !== undone) throw error
    })
  return plan as Plan
}

/** What no statement should need: reading a table from its beginning to its end, sorting much, passing over much. */
function costsOf(plan: Plan): string[] {
  const { 'Node Type': type, 'Relation Name': table = '' } = plan
  const read = (rows = 0) => rows * plan['Actual Loops']
  const rows = read(
    plan['Actual Rows'] +
      (plan['Rows Removed by Filter'] ?? 0) +
      (plan['Rows Removed by Index Recheck'] ?? 0),
  )
  const costs = (plan.Plans ?? []).flatMap(costsOf)
  if (type === 'Seq Scan' && /^(photos|renditions)$/.test(table)) costs.push(`${type} of ${table}`)
  else if (rows > FEW) costs.push(`${type} ${table} of ${rows} rows`)
  return costs
}
