import { Catalog } from '../../src/catalog/catalog.ts'
import { ShardMap } from '../../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { openHome } from '../darkroom.ts'
import { type Line, ratio } from '../line.ts'
import { compare, rateOf } from '../measure.ts'

const CONNECTIONS = 8
const IDS_PER_ROUND = 2000
const ROUNDS = 9

/** Ids by next_photo_id against numbers of a plain sequence: for owners of many shards, and for one owner alone. */
export const photoIds: Line = {
  name: 'photo-ids',
  measure: async (bench) => {
    await using home = await openHome(bench)
    const url = home.config.database.kind === 'url' ? home.config.database.url : ''
    await using shards = new ShardMap(allShardsAt(url), { connections: CONNECTIONS })
    const catalog = new Catalog(shards)
    const database = shards.databaseAt(url)
    await database.query('create sequence plain')

    const against = () => take(() => database.query('select nextval($1)::text as id', ['plain']))
    const ofManyOwners = () => take((taken) => catalog.photos.nextId(`owner-${taken}` as OwnerId))
    const ofOneOwner = () => take(() => catalog.photos.nextId('owner' as OwnerId))
    const rounds = bench.rounds(ROUNDS)
    return [
      ratio(
        'photo ids, many owners / nextval',
        'ids/s',
        await compare({ ours: ofManyOwners, against }, rounds),
      ),
      ratio('photo ids, one owner / nextval', 'ids/s', await compare({ ours: ofOneOwner, against }, rounds)),
    ]
  },
}

/** So many ids per second when each of the connections asks for its next one as soon as it has one. */
async function take(nextId: (taken: number) => Promise<unknown>): Promise<number> {
  let taken = 0
  return await rateOf(IDS_PER_ROUND, () =>
    Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (taken < IDS_PER_ROUND) await nextId(taken++)
      }),
    ),
  )
}
