import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  DarkroomClient,
  memoryStore,
  type Photo,
  UploadQueue,
} from '../../clients/typescript/src/darkroom-client.ts'
import { fixture, noisyJpeg } from '../support/pictures.ts'
import { startProxy } from '../support/proxy.ts'
import { startService, type TestService } from '../support/service.ts'

async function clientOf(service: TestService, url = service.url, owner = 'alice'): Promise<DarkroomClient> {
  const token = await service.token(owner)
  return new DarkroomClient({ url, token: () => token })
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const blobOf = (bytes: Buffer) => new Blob([new Uint8Array(bytes)])

/** As many different photos. */
async function photosOf(count: number): Promise<Buffer[]> {
  return await Promise.all(
    Array.from({ length: count }, (_, i) => noisyJpeg({ width: 320, height: 240 }, i + 1)),
  )
}

async function kept(client: DarkroomClient): Promise<readonly Photo[]> {
  const feed = client.photosOf('alice', { limit: 100 })
  await feed.loadOlder()
  feed.close()
  return feed.photos
}

describe('a client', () => {
  test('uploads a photo with its fields, tells how far it is, and waits until it is ready', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const client = await clientOf(service)
    const bytes = await fixture('plain.jpg')
    const progress: number[] = []

    const { id } = await client.upload(blobOf(bytes), {
      ...{ filter: 'mono', strength: 0.5, visibility: 'private', focus: { x: 0.25, y: 0.5 }, alt: 'A lake' },
      onProgress: ({ sent, total }) => progress.push(sent / total),
    })
    const photo = await client.waitUntilReady(id)

    expect(photo).toMatchObject({ status: 'ready', visibility: 'private', filter: 'mono', strength: 0.5 })
    expect(photo).toMatchObject({ alt: 'A lake', focus: { x: 0.25, y: 0.5 } })
    expect(photo.original.sha256).toBe(sha256(bytes))
    expect(progress.at(-1)).toBe(1)
  })

  test('gets the photo that it sent, though the answer was lost and it sent it again', async () => {
    await using service = await startService()
    await using proxy = await startProxy(service.url)
    const client = await clientOf(service, proxy.url)
    const id = await client.reserveId()
    proxy.loseAnswer()

    const photo = await client.upload(blobOf(await fixture('plain.jpg')), { id })

    expect(photo.id).toBe(id)
    expect(await kept(client)).toHaveLength(1)
  })

  test('tells what the server will not have, by its code', async () => {
    await using service = await startService()
    const client = await clientOf(service)

    await expect(client.upload(blobOf(Buffer.from('Hello')))).rejects.toMatchObject({
      status: 415,
      code: 'unsupported_format',
      isPassing: false,
    })
  })

  test('changes, develops anew and deletes a photo', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const client = await clientOf(service)
    const { id } = await client.upload(blobOf(await fixture('plain.jpg')))
    await client.waitUntilReady(id)

    const changed = await client.change(id, { visibility: 'private', alt: 'A lake' })
    const asked = await client.changeFilter(id, { filter: 'mono' })
    await client.delete(id)

    expect(changed).toMatchObject({ visibility: 'private', alt: 'A lake' })
    expect([asked.filter, asked.wanted?.filter]).toContain('mono')
    await expect(client.photo(id)).rejects.toMatchObject({ code: 'photo_not_found' })
  })
})

describe('a feed', () => {
  test('has every photo once, page by page and as they come, with URLs that work', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const client = await clientOf(service)
    const add = async (count: number) => {
      const added = await Promise.all((await photosOf(count)).map((bytes) => client.upload(blobOf(bytes))))
      await Promise.all(added.map(({ id }) => client.waitUntilReady(id)))
      return added.map(({ id }) => id)
    }
    const old = await add(5)
    await client.setFollowing(['carol', 'bob'])
    await client.follow('alice')
    await client.unfollow('carol')
    expect(await client.following()).toEqual(['bob', 'alice'])
    const feed = client.feed({ limit: 2, presets: ['thumb'], formats: ['jpeg'] })

    while (feed.hasOlder) await feed.loadOlder()
    const began = feed.photos.map(({ id }) => id)
    const young = await add(3)
    do await feed.loadNewer()
    while (feed.hasNewer)
    const [newest] = feed.photos as [Photo]
    const url = feed.url(newest, newest.renditions[0] as Photo['renditions'][number])
    await client.delete(old[0] as string)
    await feed.refresh()
    feed.close()

    const newestFirst = (ids: readonly string[]) => ids.toSorted((a, b) => Number(BigInt(b) - BigInt(a)))
    expect(began).toEqual(newestFirst(old))
    expect(feed.photos.map(({ id }) => id)).toEqual(newestFirst([...old.slice(1), ...young]))
    expect((await fetch(url)).headers.get('content-type')).toBe('image/jpeg')
    expect(feed.srcset(newest)).toMatch(/^http\S+ \d+w$/)
  })
})

describe('an upload queue', () => {
  test('uploads all it was given, over a connection that is cut again and again, and makes none twice', async () => {
    await using service = await startService()
    await using proxy = await startProxy(service.url)
    const client = await clientOf(service, proxy.url)
    const photos = await photosOf(12)
    const uploaded: string[] = []
    const queue = await client.uploadQueue({ atOnce: 3, onUploaded: ({ id }) => uploaded.push(id) })
    for (const bytes of photos) await queue.add(blobOf(bytes))

    let isOver = false
    const idle = queue.whenIdle().then(() => {
      isOver = true
    })
    while (!isOver) {
      await sleep(150)
      await proxy.cut()
      await proxy.mend()
      await Promise.race([idle, sleep(1_000)])
    }

    const found = await kept(await clientOf(service))
    expect(found.map(({ original }) => original.sha256).sort()).toEqual(photos.map(sha256).sort())
    expect(uploaded.sort()).toEqual(found.map(({ id }) => id).sort())
    expect(queue.uploads).toEqual([])
  })

  test('goes on after a restart where it was, and whatever was sent before is not sent as another photo', async () => {
    await using service = await startService()
    await using proxy = await startProxy(service.url)
    const store = memoryStore()
    const before = await UploadQueue.open(await clientOf(service, proxy.url), { store })
    const photos = await photosOf(4)
    for (const bytes of photos) await before.add(blobOf(bytes))
    // The first is taken in, and nobody hears of it.
    await expect.poll(async () => (await kept(await clientOf(service))).length).toBeGreaterThan(0)
    before.close()
    await proxy.cut()

    const after = await UploadQueue.open(await clientOf(service), { store })
    await after.whenIdle()

    const found = await kept(await clientOf(service))
    expect(found.map(({ original }) => original.sha256).sort()).toEqual(photos.map(sha256).sort())
    expect(await store.all()).toEqual([])
  })

  test('that finds in its store what was added while it was being opened uploads it once', async () => {
    await using service = await startService()
    const store = memoryStore()
    const lock = Promise.withResolvers<() => void>()
    const queue = await UploadQueue.open(await clientOf(service), {
      store: { ...store, hold: async () => await lock.promise },
      atOnce: 5,
    })
    const photos = await photosOf(3)
    for (const bytes of photos) await queue.add(blobOf(bytes))
    const waiting = queue.uploads.map(({ state }) => state)
    lock.resolve(() => {})
    await queue.whenIdle()

    expect(waiting).toEqual(['waiting', 'waiting', 'waiting'])
    expect(await kept(await clientOf(service))).toHaveLength(3)
  })

  test('keeps what the server will not have, with the reason, until it is retried or cancelled', async () => {
    await using service = await startService()
    const store = memoryStore()
    const queue = await UploadQueue.open(await clientOf(service), { store })
    const { key } = await queue.add(blobOf(Buffer.from('Hello')))
    await queue.whenIdle()

    expect(queue.uploads).toMatchObject([{ key, state: 'failed', problem: { code: 'unsupported_format' } }])
    expect(await store.all()).toMatchObject([{ key, problem: { code: 'unsupported_format' } }])
    await queue.retry(key)
    await queue.whenIdle()
    expect(queue.uploads).toMatchObject([{ state: 'failed' }])
    await queue.cancel(key)

    expect([queue.uploads, await store.all()]).toEqual([[], []])
  })
})
