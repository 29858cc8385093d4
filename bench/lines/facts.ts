import { Catalog } from '../../src/catalog/catalog.ts'
import type { Queries } from '../../src/catalog/database/database.ts'
import { ShardMap } from '../../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import type { Photo } from '../../src/photo/photo.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { openHome } from '../darkroom.ts'
import { feedOriginal, feedPhoto } from '../feed-photos.ts'
import { type Line, value } from '../line.ts'

const PHOTOS = 200_000
const OWNERS = 2_000
/** Photos that are worked on at a time. */
const AT_A_TIME = 16
const LOOK_EVERY = 1_000
const RECIPE = 1_234_567_890

/** What a photo takes in the database, in all tables and indexes, when it has everything: written as the service writes. */
export const facts: Line = {
  name: 'facts',
  isLong: true,
  measure: async (bench) => {
    await using home = await openHome(bench)
    const url = home.config.database.kind === 'url' ? home.config.database.url : ''
    await using shards = new ShardMap(allShardsAt(url), { connections: AT_A_TIME })
    const catalog = new Catalog(shards)
    const database = shards.databaseAt(url)
    const photos = bench.rounds(PHOTOS)
    const before = await sizeOf(database)
    let taken = 0
    await Promise.all(
      Array.from({ length: AT_A_TIME }, async () => {
        while (taken < photos) {
          await write(catalog, taken++)
          if (taken % LOOK_EVERY === 0) await vacuumWhenDue(database)
        }
      }),
    )
    const bytes = ((await sizeOf(database)) - before) / photos
    return [value('a photo in PostgreSQL, tables and indexes', 'bytes', bytes, { below: 501 })]
  },
}

/** A photo's way through the catalog: its id, its row, ready, and what is made after. */
async function write({ photos, renditions }: Catalog, index: number): Promise<void> {
  const owner = `owner-${index % OWNERS}` as OwnerId
  const photo: Photo = { ...feedPhoto(index), owner, id: await photos.nextId(owner) }
  const { secret, facts } = photo
  if (secret === null || facts === null) throw new Error('A photo of a feed has everything.')
  const isLater = ({ format }: { format: string }) => format === 'avif'
  await photos.insert({ ...photo, secret, original: feedOriginal() })
  const first = photo.renditions.filter((each) => !isLater(each))
  await renditions.record(photo, photo, { facts, renditions: first, recipe: RECIPE })
  const later = photo.renditions.filter(isLater)
  await renditions.recordLater(photo, photo, { renditions: later, recipe: RECIPE })
}

/**
 * When autovacuum would. It looks once a minute, in which far more photos are written here than anywhere else; what it
 * would be late with is no part of what a photo takes.
 */
async function vacuumWhenDue(database: Queries): Promise<void> {
  const [row] = await database.query<{ isDue: boolean }>(
    `select n_dead_tup > 50 + n_live_tup * coalesce(
       (select option_value from pg_options_to_table(reloptions) where option_name = 'autovacuum_vacuum_scale_factor'),
       current_setting('autovacuum_vacuum_scale_factor'))::float8 as "isDue"
     from pg_class c join pg_stat_user_tables on relid = c.oid where c.oid = 'photos'::regclass`,
  )
  if (row?.isDue) await database.query('vacuum photos')
}

async function sizeOf(database: Queries): Promise<number> {
  const [row] = await database.query<{ bytes: number }>(
    `select sum(pg_total_relation_size(oid))::float8 as bytes
     from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  )
  return row?.bytes ?? 0
}
