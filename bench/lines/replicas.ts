import { postgres } from '../../scripts/services/postgres.ts'
import { startTemporarily } from '../../scripts/services/running-service.ts'
import { Catalog } from '../../src/catalog/catalog.ts'
import { Database } from '../../src/catalog/database/database.ts'
import { ShardMap } from '../../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../../src/catalog/tables/migrate.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { type Line, ratio } from '../line.ts'
import { followedBy, ownerOf, writePhotos } from '../many-owners.ts'
import { compare } from '../measure.ts'
import { processorSeconds } from '../process-figures.ts'

const PHOTOS = 100_000
const FOLLOWED = 500
const PAGE = 30
const PAGES = 400
const AT_ONCE = 4
const ROUNDS = 5
const VIEWER = 'viewer' as OwnerId

/** What a page costs a database whose replica answers, beside the same one without: CPU time of its own processes. */
export const replicas: Line = {
  name: 'replicas',
  measure: async (bench) => {
    await using running = await startTemporarily(postgres())
    const [url = '', replica = ''] = (running.env.DATABASE_URL ?? '').split('|')
    await migrateCatalog(allShardsAt(url))
    await using database = new Database(url, { connections: 1, statementMs: 600_000 })
    await writePhotos(database, 0, PHOTOS, PHOTOS)
    await database.query('vacuum analyze')
    const pid = await processOf(database)

    await using alone = new ShardMap(allShardsAt(url), { connections: 10 })
    await using relieved = new ShardMap(allShardsAt(url), {
      connections: 10,
      replicas: new Map([[url, [replica]]]),
    })
    const [without, having] = [new Catalog(alone), new Catalog(relieved)]
    while ((await having.replicas.states()).some(({ reason }) => reason !== null))
      await database.query('select 1')

    const owners = followedBy(VIEWER, FOLLOWED)
    const pageOfOwner = async ({ photos }: Catalog, n: number) =>
      await photos.list(ownerOf(n % FOLLOWED), VIEWER, { older: PAGE })
    const [newest] = (await without.feeds.page(owners, { older: 1 })).photos
    if (!newest) throw new Error('nobody shows a photo')
    const pageOfFeed = async ({ feeds }: Catalog) => await feeds.page(owners, { cut: newest, older: PAGE })

    const figure = async (what: string, ask: (catalog: Catalog, n: number) => Promise<unknown>) => {
      const side = (catalog: Catalog) => async () => {
        const before = await processorSeconds(pid)
        for (let n = 0; n < PAGES; n += AT_ONCE)
          await Promise.all(Array.from({ length: AT_ONCE }, (_, k) => ask(catalog, n + k)))
        return ((await processorSeconds(pid)) - before) * (1_000 / PAGES)
      }
      const sides = { ours: side(having), against: side(without) }
      return ratio(what, 'CPU ms', await compare(sides, bench.rounds(ROUNDS)), { below: 0.2 })
    }
    return [
      await figure("a page of an owner's photos, of its database: with a replica / without", pageOfOwner),
      await figure(`a page of a feed of ${FOLLOWED}, the same`, pageOfFeed),
    ]
  },
}

async function processOf(database: Database): Promise<number> {
  const [row] = await database.read<{ file: string }>(`select pg_read_file('postmaster.pid') as file`)
  return Number.parseInt(row?.file ?? '', 10)
}
