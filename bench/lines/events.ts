import { setTimeout as sleep } from 'node:timers/promises'
import { Catalog } from '../../src/catalog/catalog.ts'
import type { Database } from '../../src/catalog/database/database.ts'
import { ShardMap } from '../../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import { openTokenSecret } from '../../src/http/auth/token-secret.ts'
import type { Photo } from '../../src/photo/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { newSecret } from '../../src/photo/secret.ts'
import { type OwnerId, shardOfOwner } from '../../src/photo/shard.ts'
import type { Bench } from '../bench.ts'
import { startDarkroom } from '../darkroom.ts'
import { type Figure, type Line, ratio, value } from '../line.ts'
import { followedBy, ownerOf } from '../many-owners.ts'
import { compare, compareOnce, quantile } from '../measure.ts'
import { processorSeconds, residentBytes } from '../process-figures.ts'
import type { ListenersQuestion } from '../processes/event-listeners.ts'
import { startScript } from '../script-process.ts'

const STREAMS = 2_000
const FOLLOWED = 500
const PHOTOS = 200
const IDLE_S = 10
const ROUNDS = 9
const MADE = {
  facts: { width: 4, height: 3, color: '#8a6f5b', thumbhash: 'AQID' },
  renditions: [{ preset: 'feed', format: 'jpeg', digest: '00000001', width: 4, height: 3, bytes: 12 }],
  recipe: 1,
} as const

/** Two thousand viewers who listen to one server, each following five hundred owners. */
export const events: Line = {
  name: 'events',
  isLong: true,
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 0 })
    const { database: config, home } = darkroom.config
    const url = config.kind === 'url' ? config.url : ''
    await using shards = new ShardMap(allShardsAt(url), { connections: 4 })
    const database = shards.databaseAt(url)
    const catalog = new Catalog(shards)
    for (const { id } of await catalog.runs.list()) await catalog.runs.pause(id)
    const viewers = Array.from({ length: bench.rounds(STREAMS) }, (_, n) => `viewer-${n}` as OwnerId)
    await writeFollowing(database, viewers)
    const secret = await openTokenSecret(home)
    const pid = darkroom.api.pid as number
    const listeners = (name: string) => startScript<ListenersQuestion, number[]>('event-listeners.ts', [name])

    await using first = listeners('first')
    await first.ask({ ask: 'open', url: darkroom.url, secret, viewers: ['nobody'] })
    const [statements] = await idle(database, pid)
    const before = (await residentBytes(pid))?.now ?? Number.NaN
    await using crowd = listeners('crowd')
    await crowd.ask({ ask: 'open', url: darkroom.url, secret, viewers })
    const [statementsOfAll, processor] = await idle(database, pid)
    const after = (await residentBytes(pid))?.now ?? Number.NaN

    const own = await delays(bench, catalog, viewers[0] as OwnerId, (photos) =>
      crowd.ask({ ask: 'told', photos }),
    )
    // Somebody follows each of them.
    const news = await delays(bench, catalog, ownerOf(1), (photos) => crowd.ask({ ask: 'told', photos }))
    return [
      value(
        `${viewers.length} event streams, memory of the server more than with one`,
        'MB',
        (after - before) / 1e6,
        { below: 100 },
      ),
      ratio(
        'the same, statements a second while nothing happens / of one',
        '1/s',
        compareOnce(statementsOfAll, statements),
        { below: 1.1 },
      ),
      value('the same, of a core while nothing happens', '%', processor * 100),
      value('from ready to the event of one’s own, p50', 'ms', quantile(own, 0.5)),
      value('the same, p99', 'ms', quantile(own, 0.99)),
      value(
        `from ready to the first of its followers’ events among ${viewers.length} streams, p50`,
        'ms',
        quantile(news, 0.5),
      ),
      value('the same, p99', 'ms', quantile(news, 0.99)),
      await measureCost(bench, database, catalog),
    ]
  },
}

/** The viewers' own rows alone: nobody asks their owners. */
async function writeFollowing(database: Database, viewers: readonly OwnerId[]): Promise<void> {
  await database.transaction(async ({ query }) => {
    await query(`set local darkroom.moves_shards = 'yes'`)
    for (const viewer of viewers) {
      await query(
        'insert into following (viewer, id, owners, version) values ($1, named_id($2, $1), $3, next_version(0))',
        [viewer, shardOfOwner(viewer), followedBy(viewer, FOLLOWED)],
      )
    }
  })
}

/** Statements that the database is asked in a second, and seconds of a core that the process takes for one. */
async function idle(database: Database, pid: number): Promise<[number, number]> {
  const asked = async () => {
    const [row] = await database.query<{ count: number }>(
      'select xact_commit::float8 as count from pg_stat_database where datname = current_database()',
    )
    return row?.count ?? Number.NaN
  }
  // Connections that have nothing to do tell of it after ten seconds.
  await sleep(12_000)
  const [asksBefore, secondsBefore] = [await asked(), await processorSeconds(pid)]
  await sleep(IDLE_S * 1_000)
  return [((await asked()) - asksBefore) / IDLE_S, ((await processorSeconds(pid)) - secondsBefore) / IDLE_S]
}

async function readyPhoto(catalog: Catalog, owner: OwnerId): Promise<PhotoId> {
  const id = await catalog.photos.nextId(owner)
  const original = { format: 'jpeg', bytes: 3, sha256: 'ab' } as const
  const photo = {
    id,
    owner,
    original,
    secret: newSecret(),
    visibility: 'public',
    alt: null,
    focus: null,
    look: null,
  } as const
  await catalog.photos.insert(photo)
  const kept = (await catalog.photos.find(id)) as Photo
  await catalog.renditions.record(kept, { look: null, edition: 0 }, MADE)
  return id
}

/** From the moment at which a photo's being ready is committed until it was told, in milliseconds. */
async function delays(
  bench: Bench,
  catalog: Catalog,
  owner: OwnerId,
  toldAt: (photos: readonly PhotoId[]) => Promise<number[]>,
): Promise<number[]> {
  const ready: { id: PhotoId; at: number }[] = []
  for (let n = 0; n < bench.rounds(PHOTOS); n++) {
    const id = await readyPhoto(catalog, owner)
    ready.push({ id, at: Date.now() })
    // At every phase of the looks at the database.
    await sleep(37)
  }
  const told = await toldAt(ready.map(({ id }) => id))
  return told.map((at, n) => Math.max(0, at - (ready[n]?.at ?? Number.NaN)))
}

/** What it costs to record a photo that comes in and becomes ready. */
async function measureCost(bench: Bench, database: Database, catalog: Catalog): Promise<Figure> {
  let owners = 0
  const side = (isTold: boolean) => async () => {
    await database.query(`alter table photos ${isTold ? 'enable' : 'disable'} trigger tell_of_photo`)
    const startedAt = performance.now()
    for (let n = 0; n < 100; n++) await readyPhoto(catalog, `author-${owners++}` as OwnerId)
    return (performance.now() - startedAt) / 100
  }
  const comparison = await compare({ ours: side(true), against: side(false) }, bench.rounds(ROUNDS))
  return ratio('a photo recorded and made ready, with its event / without', 'ms', comparison)
}
