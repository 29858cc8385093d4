import { Catalog } from '../../src/catalog/catalog.ts'
import { ShardMap } from '../../src/catalog/shards/shard-map.ts'
import { allShardsAt, type ShardRange } from '../../src/config/shard-ranges.ts'
import type { Log } from '../../src/log.ts'
import type { JobQueue } from '../../src/queue/job-queue.ts'
import type { RunEngines, RunKind } from '../../src/runs/run-kind.ts'
import { workRuns } from '../../src/runs/work-runs.ts'
import type { TestDatabase } from './database.ts'
import { silentLog } from './service.ts'

/** What a server has that works runs: a catalog of its own, and the rest of a kind's needs. */
export type RunServer = AsyncDisposable & { engines: RunEngines; catalog: Catalog }

/** As another process has them: its own connections, its own idea of where shards are. */
export function openRunServer(
  { url }: Pick<TestDatabase, 'url'>,
  queue: Partial<JobQueue> = {},
  ranges: readonly ShardRange[] = allShardsAt(url),
): RunServer {
  const map = new ShardMap(ranges, { connections: 4 })
  const catalog = new Catalog(map)
  return {
    catalog,
    engines: { catalog, queue } as unknown as RunEngines,
    [Symbol.asyncDispose]: async () => await map[Symbol.asyncDispose](),
  }
}

/** A server that works runs of these kinds, and asks for parts ten times a second. */
export function work(
  { engines }: Pick<RunServer, 'engines'>,
  kinds: readonly RunKind[],
  log: Log = silentLog,
): AsyncDisposable {
  return workRuns({ engines, kinds, log, askMs: 100 })
}

/** As a `kind -9` does, and then the time that a lease lasts: nobody has a part any more. */
export async function expireLeases(database: TestDatabase): Promise<void> {
  // One that lives all the same would have it for longer before anybody else has taken it.
  const expired = `due_at = now() - interval '1 second', holder = holder || ', which is dead'`
  await database.query(`update run_parts set ${expired} where ended_at is null`)
}

export class Killed extends Error {}

const AsyncGeneratorFunction = async function* () {}.constructor

/**
 * The engines of a server that is killed at its n-th call of them: just before it takes effect or just after. From then
 * on none of its calls do anything. `dead` resolves when those that were under way have ended, too: one of them may take
 * a lease once more.
 */
export function killable(engines: RunEngines, { calls, when }: { calls: number; when: 'before' | 'after' }) {
  let count = 0
  const dead = Promise.withResolvers<void>()
  const underWay = new Set<Promise<unknown>>()
  const guard = async <Result>(act: () => Result): Promise<Awaited<Result>> => {
    count += 1
    if (count < calls) {
      const call = Promise.resolve(act())
      underWay.add(call)
      return await call.finally(() => underWay.delete(call))
    }
    if (count === calls) {
      if (when === 'after') await act()
      void Promise.allSettled(underWay).then(() => dead.resolve())
    }
    throw new Killed()
  }
  const guarded = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get: (of, name) => {
        const method = of[name as keyof Target]
        if (typeof method !== 'function') return method
        // What comes page by page is a call for each.
        if (method instanceof AsyncGeneratorFunction)
          return async function* (...given: unknown[]) {
            for await (const page of method.apply(of, given)) yield await guard(() => page)
          }
        return async (...given: unknown[]) => await guard(() => method.apply(of, given))
      },
    })
  const rooms = Object.entries(engines.catalog).map(([name, room]) => [name, guarded(room as object)])
  const catalog = { ...Object.fromEntries(rooms), exact: () => catalog }
  return {
    engines: {
      ...engines,
      catalog,
      queue: guarded(engines.queue),
    } as unknown as RunEngines,
    dead: dead.promise,
  }
}
