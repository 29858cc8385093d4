import { Catalog } from '../../src/catalog/catalog.ts'
import { Database, type Select } from '../../src/catalog/database/database.ts'
import type { FeedPage, FeedWish } from '../../src/catalog/photos/feed-page.ts'
import { ShardMap } from '../../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { Bench } from '../bench.ts'
import { startDarkroom } from '../darkroom.ts'
import { measureLoad } from '../feeds-load.ts'
import { type Figure, type Line, ratio, value } from '../line.ts'
import { followedBy, ownerOf, writePhotos } from '../many-owners.ts'
import { compare, compareOnce, quantile } from '../measure.ts'

const PHOTOS = 1_000_000
const VIEWERS = 20
const FOLLOWED = 500
const PAGE = 30
const ROUNDS = 9
const TIMELINE = 400

type Feed = { viewer: OwnerId; owners: OwnerId[] }

/**
 * Pages of feeds over a million photos of ten thousand owners, against what people write first: a query over the owners who
 * are followed, and a row in each follower's timeline for each photo.
 */
export const feeds: Line = {
  name: 'feeds',
  isLong: true,
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 0 })
    const { database: config } = darkroom.config
    const url = config.kind === 'url' ? config.url : ''
    await using shards = new ShardMap(allShardsAt(url), { connections: 4 })
    const database = shards.databaseAt(url)
    await using patient = new Database(url, { connections: 1, statementMs: 600_000, patienceMs: 600_000 })
    const catalog = new Catalog(shards)
    // None of the photos has objects, which servers would tell.
    for (const { id } of await catalog.runs.list()) await catalog.runs.pause(id)
    const photos = bench.rounds(PHOTOS)

    const all = feedsOf('viewer', FOLLOWED)
    const quiet = feedsOf('quiet', FOLLOWED, { onlyQuiet: true })
    const many = feedsOf('many', 10 * FOLLOWED)
    await writePhotos(patient, 0, photos / 10, photos)
    await patient.query('vacuum analyze photos, heads')
    const few = await buffersOf(shards, database, all, {})
    await writePhotos(patient, photos / 10, photos, photos)
    await patient.query('vacuum analyze photos, heads')
    for (const { viewer, owners } of all) await catalog.follows.set(viewer, owners)
    await writeWhatOthersHave(patient, all)

    const pages = (feeds: readonly Feed[], ask: (feed: Feed) => Promise<unknown>) => async () => {
      const startedAt = performance.now()
      for (const feed of feeds) await ask(feed)
      return (performance.now() - startedAt) / feeds.length
    }
    // Nothing is remembered of the page before.
    const ours = ({ viewer, owners }: Feed) => firstPage(new Catalog(shards), viewer, owners)
    const query = ({ owners }: Feed) => patient.query(NAIVE, [owners])
    const timeline = ({ viewer }: Feed) => patient.query(OF_TIMELINE, [viewer])
    const rounds = bench.rounds(ROUNDS)

    const first = await buffersOf(shards, database, all, {})
    const deep = await buffersOf(shards, database, all, { pages: 10 })
    const times: number[] = []
    for (const feed of all) times.push(await pages([feed], ours)())
    return [
      ratio(
        `feed of ${FOLLOWED} followed, a page / a query over them`,
        'ms',
        await compare({ ours: pages(all, ours), against: pages(all, query) }, rounds),
      ),
      ratio(
        'the same, of owners who posted nothing lately',
        'ms',
        await compare({ ours: pages(quiet, ours), against: pages(quiet.slice(0, 3), query) }, rounds),
      ),
      ratio(
        'the same / a timeline of one’s own',
        'ms',
        await compare({ ours: pages(all, ours), against: pages(all, timeline) }, rounds),
      ),
      ratio(
        `feed of ${10 * FOLLOWED} / of ${FOLLOWED} followed, a page`,
        'ms',
        await compare({ ours: pages(many, ours), against: pages(all, ours) }, rounds),
        { below: 3 },
      ),
      ratio(`feed of ${photos} photos / of a tenth`, 'buffers', compareOnce(first, few), { below: 1.1 }),
      value(`feed of ${FOLLOWED} followed, the newest page`, 'buffers', first, { below: 1_500 }),
      value('the same', 'ms', quantile(times, 0.5), { below: 25 }),
      value('the same, the tenth page', 'buffers', deep),
      await measurePosts(bench, patient, all),
      ...(await measureLoad(
        bench,
        { darkroom, database: patient },
        all.map(({ viewer }) => viewer),
      )),
    ]
  },
}

function feedsOf(name: string, count: number, which = {}): Feed[] {
  return Array.from({ length: VIEWERS }, (_, n) => {
    const viewer = `${name}-${n}` as OwnerId
    return { viewer, owners: followedBy(viewer, count, which) }
  })
}

async function firstPage(catalog: Catalog, viewer: OwnerId, owners: readonly OwnerId[]): Promise<FeedPage> {
  await catalog.follows.of(viewer)
  return await catalog.feeds.page(owners, { older: PAGE })
}

/** What people write first: the index that it wants, and timelines of the newest. */
async function writeWhatOthersHave(database: Database, feeds: readonly Feed[]): Promise<void> {
  await database.query(`create index photos_by_name on photos (owner, id desc) where deleted_at is null`)
  await database.query(
    `create table timelines (viewer text, posted_at bigint, photo_id bigint, primary key (viewer, posted_at, photo_id))`,
  )
  for (const { viewer, owners } of feeds) {
    await database.query(
      `insert into timelines select $1, posted_at, id from photos where owner = any($2) and ${SHOWN}
       order by posted_at desc, id desc limit ${TIMELINE}`,
      [viewer, owners],
    )
  }
  await database.query('vacuum analyze photos, timelines')
}

const SHOWN = `visibility = 'public' and status = 'ready' and deleted_at is null`
const NAIVE = `select * from photos where owner = any($1) and ${SHOWN} order by id desc limit ${PAGE}`
const OF_TIMELINE = `select p.* from timelines t join photos p on p.id = t.photo_id
  where t.viewer = $1 and ${SHOWN} order by t.posted_at desc, t.photo_id desc limit ${PAGE}`

/** Blocks that the statements of a page read when nothing is cached, median of all feeds. */
async function buffersOf(
  shards: ShardMap,
  database: Database,
  feeds: readonly Feed[],
  { pages = 1 }: { pages?: number },
): Promise<number> {
  const counts: number[] = []
  for (const { owners } of feeds) {
    let wish: FeedWish = { older: PAGE }
    const catalog = new Catalog(shards)
    for (let page = 1; page < pages; page++) {
      const { next } = await catalog.feeds.page(owners, wish)
      if (next) wish = { cut: next, older: PAGE }
    }
    counts.push(await buffersOfPage(new Catalog(shards), database, owners, wish))
  }
  return quantile(counts, 0.5)
}

async function buffersOfPage(
  catalog: Catalog,
  database: Database,
  owners: readonly OwnerId[],
  wish: FeedWish,
): Promise<number> {
  const { read } = database
  let blocks = 0
  database.read = (async (statement: Select, values?: readonly unknown[]) => {
    const [row] = await database.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
      `explain (analyze, buffers, timing off, format json) ${statement}`,
      values,
    )
    const { Plan: plan } = row?.['QUERY PLAN'][0] ?? { Plan: {} }
    blocks += (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
    return await read.call(database, statement, values)
  }) as typeof read
  await catalog.feeds.page(owners, wish)
  database.read = read
  return blocks
}

/** A photo that becomes ready, with its head, against the same without one and a row in each of 500 timelines. */
async function measurePosts(bench: Bench, database: Database, feeds: readonly Feed[]): Promise<Figure> {
  const followers = Array.from({ length: FOLLOWED }, (_, n) => `follower-${n}`)
  let posts = 0
  const post = async (): Promise<string> => {
    const owner = ownerOf(posts++)
    const [row] = await database.query<{ id: string }>(
      `update photos set alt = $2 where id = (select photo_id from heads where owner = $1) returning id::text`,
      [owner, `${posts}`],
    )
    return row?.id ?? ''
  }
  const side = (isOurs: boolean) => async () => {
    await database.query(`alter table photos ${isOurs ? 'enable' : 'disable'} trigger renew_heads_of_updated`)
    const startedAt = performance.now()
    for (let n = 0; n < feeds.length * 5; n++) {
      const id = await post()
      if (!isOurs)
        await database.query(
          `insert into timelines select unnest($1::text[]), posted_at + $3, id from photos where id = $2`,
          [followers, id, posts],
        )
    }
    return (performance.now() - startedAt) / (feeds.length * 5)
  }
  const comparison = await compare({ ours: side(true), against: side(false) }, bench.rounds(ROUNDS))
  await database.query('alter table photos enable trigger renew_heads_of_updated')
  return ratio(`a photo changed, with its head / told to ${FOLLOWED} timelines`, 'ms', comparison, {
    below: 1,
  })
}
