import type { Catalog } from '../../catalog/catalog.ts'
import type { Runs } from '../../catalog/runs/runs.ts'
import type { Config } from '../../config/config.ts'

/** The runs of the configured catalog, and all else in it, for a command. Throws SetupError when its tables are not there. */
export async function openRuns(): Promise<
  AsyncDisposable & { runs: Runs; catalog: Catalog; config: Config }
> {
  const { loadConfig } = await import('../../config/config.ts')
  const { shardRangesOf } = await import('../../services.ts')
  const { ShardMap } = await import('../../catalog/shards/shard-map.ts')
  const { Catalog } = await import('../../catalog/catalog.ts')

  const config = loadConfig(process.env)
  await using opened = new AsyncDisposableStack()
  const map = opened.use(new ShardMap(await shardRangesOf(config), { connections: 3 }))
  await map.refresh()
  const catalog = new Catalog(map)
  await catalog.health.check()
  const owned = opened.move()
  return {
    runs: catalog.runs,
    catalog,
    config,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}
