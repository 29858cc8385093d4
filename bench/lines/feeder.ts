import { Catalog } from '../../src/catalog/catalog.ts'
import { encodeRenditions } from '../../src/catalog/photos/rendition-value.ts'
import { ShardMap } from '../../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import type { Bench } from '../bench.ts'
import { type Home, openHome } from '../darkroom.ts'
import { type Line, ratio } from '../line.ts'
import { compare } from '../measure.ts'
import { reprocessOf } from '../reprocess-run.ts'

const MANY = 1_000_000
const FEW = 10_000
const PAGES = 20
const PAGE = 50
const ROUNDS = 5

/**
 * What a run's feeder asks of the database for a photo, of a million that are stale and of ten thousand: the next page,
 * the claims, and what came of them. No worker runs.
 */
export const feeder: Line = {
  name: 'feeder',
  isLong: true,
  measure: async (bench) => {
    await using many = await openPhotos(bench, bench.rounds(MANY))
    await using few = await openPhotos(bench, FEW)
    const comparison = await compare({ ours: many.feed, against: few.feed }, bench.rounds(ROUNDS))
    return [ratio('a photo fed to a run, of 1,000,000 / of 10,000', 'ms', comparison, { below: 1.1 })]
  },
}

async function openPhotos(
  bench: Bench,
  count: number,
): Promise<AsyncDisposable & { feed(): Promise<number> }> {
  await using opened = new AsyncDisposableStack()
  const home = opened.use(await openHome(bench))
  const { database } = home.config
  const url = database.kind === 'url' ? database.url : ''
  const shards = opened.use(new ShardMap(allShardsAt(url), { connections: 2 }))
  await write(shards.databaseAt(url), count)
  const feed = feederOf(home, new Catalog(shards))
  const owned = opened.move()
  return { feed, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

/** Returns the ms for a photo of the next pages, which no round before has seen. */
function feederOf(home: Home, { selected, remakes }: Catalog): () => Promise<number> {
  const { select, work } = reprocessOf(home)
  const selection = { ...select, state: 'stale', recipes: work.recipes } as const
  const [source] = selected.places().map((ranges) => ({ by: 'state', shards: ranges }) as const)
  let cursor: unknown = null
  return async () => {
    if (!source) throw new Error('No database has photos.')
    const startedAt = performance.now()
    let fed = 0
    for (let page = 0; page < PAGES; page++) {
      const next = await selected.page(source, selection, cursor, PAGE)
      const claimed = await remakes.claim(next.ids)
      await remakes.states(next.ids)
      fed += claimed.length
      cursor = next.cursor
    }
    if (fed < PAGES * PAGE) throw new Error(`${fed} photos were fed`)
    return (performance.now() - startedAt) / fed
  }
}

/** Photos of many owners, one a second, ready, and of an earlier recipe each. */
async function write(database: ReturnType<ShardMap['databaseAt']>, count: number): Promise<void> {
  const rendition = {
    preset: 'feed',
    format: 'jpeg',
    digest: '00000001',
    width: 1,
    height: 1,
    bytes: 1,
  } as const
  const value = encodeRenditions([rendition])
  const STEP = 50_000
  for (let from = 0; from < count; from += STEP) {
    await database.transaction(async ({ query }) => {
      await query('set local synchronous_commit = off; set local statement_timeout = 0')
      await query(`set local darkroom.moves_shards = 'yes'`)
      await query(
        `insert into photos (id, owner, status, visibility, format, bytes, sha256, posted_at, renditions, recipe)
         select id, 'owner ' || shard, 'ready', 'public', 'jpeg', 1, sha256(int8send(id)), posted_at_of(id), $1, 1 + n % 3
         from (
           select n, n % 8192 as shard,
             ((extract(epoch from now())::bigint * 1000 - 1704067200000 - n * 1000) << 23) | ((n % 8192) << 10) | (n % 1024) as id
           from generate_series($2::bigint, $3::bigint) n
         ) as photo`,
        [value, from + 1, Math.min(from + STEP, count)],
      )
    })
  }
  await database.query('analyze photos')
}
