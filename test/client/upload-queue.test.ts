import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  DarkroomClient,
  memoryStore,
  type Photo,
  type QueueStore,
  UploadQueue,
  type UploadQueueOptions,
} from '../../clients/typescript/src/darkroom-client.ts'
import { type Send, send } from '../../clients/typescript/src/platform.ts'
import { noisyJpeg } from '../support/pictures.ts'
import { startProxy } from '../support/proxy.ts'
import { startService, type TestService } from '../support/service.ts'

let service: TestService
let proxy: Awaited<ReturnType<typeof startProxy>>
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  service = opened.use(await startService({ OWNER_PHOTOS_PER_DAY: '5' }))
  proxy = opened.use(await startProxy(service.url))
})
afterAll(async () => await opened.disposeAsync())

let owners = 0
let seeds = 0

/** Of an owner of its own: what opens queues of theirs, and what there is in the end. */
async function someone(url = service.url, sendIt: Send = send) {
  const owner = `owner-${++owners}`
  const token = await service.token(owner)
  const client = new DarkroomClient({ url, token: () => token, send: sendIt })
  const direct = new DarkroomClient({ url: service.url, token: () => token })
  return {
    open: async (options: UploadQueueOptions) => await UploadQueue.open(client, options),
    photos: async (): Promise<readonly Photo[]> => {
      const feed = direct.photosOf(owner)
      await feed.loadOlder()
      feed.close()
      return feed.photos
    },
  }
}

async function photoFile(name: string): Promise<File> {
  const bytes = await noisyJpeg({ width: 320, height: 240 }, ++seeds)
  return new File([new Uint8Array(bytes)], name, { lastModified: 1_790_000_000_000 })
}

/** The same store as two tabs of a browser have it. */
function sharedStore(): () => QueueStore {
  const store = memoryStore()
  const listeners = new Set<(news: unknown) => void>()
  let held = Promise.resolve()
  return () => ({
    ...store,
    hold: async () => {
      const before = held
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      await before
      return resolve
    },
    link: (hear) => {
      listeners.add(hear)
      return {
        tell: (news) => {
          for (const listener of listeners) if (listener !== hear) listener(structuredClone(news))
        },
        close: () => void listeners.delete(hear),
      }
    },
  })
}

describe('an upload queue whose store has no room', () => {
  test('for the bytes sends them all the same, while the page lives', async () => {
    const { open, photos } = await someone()
    const full = async () => {
      throw new DOMException('There is no room.', 'QuotaExceededError')
    }
    const queue = await open({ store: { ...memoryStore(), keep: full } })

    const added = await queue.addAll([await photoFile('a.jpg'), await photoFile('b.jpg')])
    await queue.whenIdle()

    expect(added.map(({ isKept }) => isKept)).toEqual([false, false])
    expect(await photos()).toHaveLength(2)
  })

  test('for more than so many bytes goes on with the file that is chosen again, by what is in it', async () => {
    const { open, photos } = await someone(proxy.url)
    const store = memoryStore()
    const [small, large] = [await photoFile('a.jpg'), await photoFile('b.jpg')]
    await proxy.cut()
    const before = await open({ store, keepBytes: small.size })
    await before.addAll([small, large])
    before.close()
    await proxy.mend()

    const after = await open({ store, keepBytes: small.size })
    await after.whenIdle()
    const missing = after.uploads
    // As long, under the same name, and another picture.
    const bytes = new Uint8Array(await large.arrayBuffer())
    bytes[bytes.length - 3] = (bytes.at(-3) as number) ^ 1
    await after.add(new File([bytes], large.name, { lastModified: large.lastModified }))
    const still = after.uploads.find(({ key }) => key === missing[0]?.key)?.state
    await after.add(new File([large], 'renamed.jpg'))
    await after.whenIdle()

    expect(missing).toMatchObject([{ name: 'b.jpg', state: 'missing', isKept: false }])
    expect(still).toBe('missing')
    expect(after.uploads).toEqual([])
    expect(await photos()).toHaveLength(3)
  })
})

describe('an upload queue', () => {
  test('stays paused after a reload, and tells how far all of it is', async () => {
    const { open, photos } = await someone()
    const store = memoryStore()
    const before = await open({ store })
    await before.pause()
    await before.addAll([await photoFile('a.jpg'), await photoFile('b.jpg')])
    before.close()

    const after = await open({ store })
    const paused = [after.isPaused, (await photos()).length, after.progress.photos]
    await after.resume()
    await after.whenIdle()

    expect(paused).toEqual([true, 0, { done: 0, total: 2 }])
    expect(after.progress).toMatchObject({ photos: { done: 2, total: 2 } })
    expect(after.progress.bytes.sent).toBe(after.progress.bytes.total)
    expect(await photos()).toHaveLength(2)
  })

  test('is the same in all tabs: one uploads, and does what the others are told', async () => {
    const { open, photos } = await someone()
    const store = sharedStore()
    const told: string[][] = [[], []]
    const [first, second] = (await Promise.all(
      told.map(
        async (names) => await open({ store: store(), onUploaded: (_photo, { name }) => names.push(name) }),
      ),
    )) as [UploadQueue, UploadQueue]
    await expect.poll(() => first.isHolder || second.isHolder).toBe(true)
    const [holder, other] = first.isHolder ? [first, second] : [second, first]

    await other.pause()
    const added = await other.addAll([
      await photoFile('a.jpg'),
      await photoFile('b.jpg'),
      await photoFile('c.jpg'),
    ])
    await other.cancel((added[1] as { key: string }).key)
    const waiting = holder.uploads.map(({ name, state }) => `${name} ${state}`)
    await other.resume()
    await Promise.all([holder.whenIdle(), other.whenIdle()])

    expect(holder.isHolder && !other.isHolder).toBe(true)
    expect(waiting).toEqual(['a.jpg waiting', 'c.jpg waiting'])
    expect(told.map((names) => names.toSorted())).toEqual([
      ['a.jpg', 'c.jpg'],
      ['a.jpg', 'c.jpg'],
    ])
    expect(await photos()).toHaveLength(2)
    holder.close()
    await expect.poll(() => other.isHolder).toBe(true)
    other.close()
  })

  test('sends so many at a time, makes as many more ready meanwhile, and asks once for the ids of many', async () => {
    const held = Promise.withResolvers<void>()
    let [sending, most] = [0, 0]
    const asked: unknown[] = []
    const { open, photos } = await someone(service.url, async (request) => {
      if (request.url.endsWith('/v1/ids')) asked.push(request.body)
      if (request.method !== 'PUT') return await send(request)
      most = Math.max(most, ++sending)
      await held.promise
      return await send(request).finally(() => sending--)
    })
    const store = memoryStore()
    const read: string[] = []
    const reading = {
      ...store,
      read: async (key: string) => await store.read(key).finally(() => read.push(key)),
    }
    const queue = await open({ atOnce: 1, store: reading })
    await queue.pause()
    await queue.addAll(await Promise.all(['a', 'b', 'c', 'd'].map((name) => photoFile(`${name}.jpg`))))
    await queue.resume()

    await expect
      .poll(() => queue.uploads.map(({ state }) => state).toSorted())
      .toEqual(['uploading', 'waiting', 'waiting', 'waiting'])
    const ready = [...read]
    await queue.pause()
    await queue.resume()
    held.resolve()
    await queue.whenIdle()
    queue.close()

    expect(ready).toHaveLength(2)
    expect(asked).toEqual(['{"count":4}'])
    expect(most).toBe(1)
    expect(await photos()).toHaveLength(4)
  })

  test('sends the others when the one is cancelled that has asked for the ids of all', async () => {
    const asked: unknown[] = []
    const { open, photos } = await someone(service.url, async (request) => {
      const { url, body, signal } = request
      if (!url.endsWith('/v1/ids') || asked.push(body) > 1) return await send(request)
      return await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    })
    const queue = await open({})
    const [first] = await queue.addAll(
      await Promise.all(['a', 'b', 'c'].map((name) => photoFile(`${name}.jpg`))),
    )
    await expect.poll(() => asked.length).toBe(1)
    await queue.cancel((first as { key: string }).key)
    await queue.whenIdle()
    queue.close()

    expect(asked).toEqual(['{"count":3}', '{"count":2}'])
    expect(await photos()).toHaveLength(2)
  })

  test('keeps the bytes of those first that are not being sent', async () => {
    const held = Promise.withResolvers<void>()
    const { open } = await someone(service.url, async (request) => {
      if (request.method === 'PUT') await held.promise
      return await send(request)
    })
    const store = memoryStore()
    const kept: string[] = []
    const keep: QueueStore['keep'] = async (upload, source) => {
      kept.push(upload.name)
      await store.keep(upload, source)
    }
    const queue = await open({ atOnce: 1, store: { ...store, keep } })
    await queue.addAll(await Promise.all(['a', 'b', 'c', 'd'].map((name) => photoFile(name))))
    held.resolve()
    await queue.whenIdle()
    queue.close()

    expect(kept).toEqual(['c', 'd', 'a', 'b'])
  })

  test('lets one whose id came late wait for its turn like any other', async () => {
    const held = Promise.withResolvers<void>()
    let asked = 0
    const { open, photos } = await someone(service.url, async (request) => {
      if (request.url.endsWith('/v1/ids') && ++asked === 2)
        return { status: 503, header: () => null, text: '' }
      if (request.method === 'PUT') await held.promise
      return await send(request)
    })
    const queue = await open({ atOnce: 1 })
    await queue.add(await photoFile('a.jpg'))
    await expect.poll(() => queue.uploads[0]?.state).toBe('uploading')
    await queue.add(await photoFile('b.jpg'))

    await expect.poll(() => queue.uploads[1]?.id ?? null).not.toBeNull()
    await expect.poll(() => queue.uploads[1]).toMatchObject({ state: 'waiting', delay: null })
    held.resolve()
    await queue.whenIdle()
    queue.close()

    expect(await photos()).toHaveLength(2)
  })

  test('says what it waits for, and until when', async () => {
    const { open } = await someone()
    const queue = await open({ atOnce: 1 })
    await queue.addAll(
      await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => photoFile(`${name}.jpg`))),
    )

    await expect.poll(() => queue.uploads[0]?.delay?.code).toBe('daily_limit_reached')
    const [{ name, delay }] = queue.uploads as [(typeof queue.uploads)[0]]
    await queue.cancel(...queue.uploads.map(({ key }) => key))
    await queue.whenIdle()
    queue.close()

    expect(name).toBeOneOf(['e.jpg', 'f.jpg'])
    expect(delay?.until).toBeGreaterThan(Date.now())
    expect(queue.uploads).toEqual([])
  })
})
