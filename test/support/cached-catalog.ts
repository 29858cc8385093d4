import { openMemcachedCache } from '../../src/cache/memcached-cache.ts'
import { openRedisCache } from '../../src/cache/redis-cache.ts'
import type { SharedCache } from '../../src/cache/shared-cache.ts'
import { Catalog } from '../../src/catalog/catalog.ts'
import { Changes } from '../../src/catalog/changes/changes.ts'
import { ShardMap } from '../../src/catalog/shards/shard-map.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { ReplicaUrls, ShardRange } from '../../src/config/shard-ranges.ts'
import { silentLog } from './service.ts'

/** As servers have them, at a tenth. */
const QUICK = { silent: 3_000, relied: 300, heard: 350 }

export type CachedCatalog = AsyncDisposable & { catalog: Catalog; changes: Changes; cache: SharedCache }

/** A catalog as a server has it that shares a cache with others. */
export async function openCachedCatalog(
  ranges: readonly ShardRange[],
  cacheUrl: string,
  replicas: ReplicaUrls = new Map(),
): Promise<CachedCatalog> {
  await using opened = new AsyncDisposableStack()
  const { cache: config } = loadConfig({ CACHE_URL: cacheUrl })
  if (!config) throw new Error('there is no cache')
  const cache =
    config.kind === 'memcached'
      ? openMemcachedCache(config, silentLog)
      : openRedisCache(config.address, silentLog)
  const changes = opened.use(new Changes(cache, QUICK))
  const shards = opened.use(new ShardMap(ranges, { connections: 4, tell: changes.tell, replicas }))
  changes.follow(shards)
  const owned = opened.move()
  return {
    catalog: new Catalog(shards, { changes, cache }),
    changes,
    cache,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}
