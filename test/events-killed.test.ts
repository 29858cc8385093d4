import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openDatabaseWithoutShards, openTestDatabase } from './support/database.ts'
import { EventReader, type Told } from './support/event-reader.ts'
import { moveTo, readyPhoto } from './support/photo-steps.ts'
import { serveAlone } from './support/serve-alone.ts'
import type { Service } from './support/uploads.ts'

const [vera, ann] = ['vera', 'ann'] as [OwnerId, OwnerId]

/** As an app does: when its stream ends or breaks, it goes on at another server. */
function listen(opened: EventReader, servers: readonly Service[], stop: AbortSignal) {
  const readers = [opened]
  const ends: string[] = []
  const stopped = new Promise<'stopped'>((resolve) => {
    stop.addEventListener('abort', () => resolve('stopped'))
  })
  const goOn = async () => {
    for (let reader = opened; ; readers.push(reader)) {
      ends.push(await Promise.race([reader.ended, stopped]))
      await reader.close()
      if (stop.aborted) return
      const server = servers[readers.length % servers.length] as Service
      // A server that has more to do than it can says so.
      reader = await vi.waitFor(async () => await EventReader.open(server, vera, reader.lastEventId), {
        timeout: 120_000,
        interval: 500,
      })
    }
  }
  return { told: () => readers.flatMap(({ told }): Told[] => told), ends, over: goOn() }
}

test('who resumes at another server misses nothing, however servers end, while shards move', async () => {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openTestDatabase())
  const other = opened.use(await openDatabaseWithoutShards())
  const home = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  opened.defer(async () => await rm(home, { recursive: true, force: true }))
  const ranges = allShardsAt(database.url)
  const catalog = new Catalog(opened.use(new ShardMap(ranges, { connections: 4 })))
  await catalog.follows.set(vera, [ann])
  const servers = await Promise.all([1, 2, 3].map(async () => await serveAlone(home, database.url)))
  const [first, second, third] = servers as [(typeof servers)[0], (typeof servers)[0], (typeof servers)[0]]
  for (const server of servers) opened.use(server)

  const stop = new AbortController()
  const listening = listen(await EventReader.open(first, vera), [first, second, third], stop.signal)
  listening.over.catch(() => {})
  const news: PhotoId[] = []
  let isOver = false
  // Also when the test fails.
  using _over = {
    [Symbol.dispose]: () => {
      isOver = true
      stop.abort()
    },
  }
  const writing = (async () => {
    while (!isOver) {
      const id = await readyPhoto(catalog, vera, { visibility: 'private' })
      news.push(await readyPhoto(catalog, ann))
      await moveTo(catalog, 'public', id)
      if (news.length % 3 === 0) await catalog.removals.remove(id, vera)
      // Else who writes leaves the others no time to move, to end and to tell.
      await sleep(20)
    }
  })()
  writing.catch(() => {})
  const more = async (count = 5) => {
    const before = news.length
    await expect.poll(() => news.length).toBeGreaterThan(before + count)
  }
  const move = async (owner: OwnerId, to: string) => {
    const shard = shardOfOwner(owner)
    await moveShards(ranges, { from: shard, to: shard }, to)
  }
  await more()
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  await more()
  await move(vera, other.url)
  await more()
  const stopped = second.stop()
  await move(ann, other.url)
  await move(vera, database.url)
  await more()
  isOver = true
  await writing
  news.push(await readyPhoto(catalog, ann))
  const own = await catalog.photoEvents.of(vera, '0' as PhotoId, 10_000)
  const unseen = () => {
    const seen = new Set(
      listening
        .told()
        .filter(({ type }) => type === 'feed.new')
        .map(({ data }) => data.photo),
    )
    return news.filter((id) => !seen.has(id))
  }
  const toldOfOwn = () =>
    listening
      .told()
      .filter(({ data }) => data.owner === vera)
      .map(({ data }) => data.id)
  await expect.poll(unseen).toEqual([])
  await expect.poll(() => toldOfOwn().length).toBeGreaterThanOrEqual(own.length)
  stop.abort()
  await listening.over

  expect(await stopped).toBe(0)
  expect(listening.ends.slice(0, 2)).toEqual(['cut', 'ended'])
  expect(listening.told().filter(({ type }) => type === 'reset')).toEqual([])
  expect(toldOfOwn()).toEqual(own.map(({ id }) => id))
})
