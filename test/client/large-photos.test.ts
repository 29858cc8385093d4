import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  DarkroomClient,
  memoryStore,
  type Photo,
  type PhotoSource,
  UploadQueue,
} from '../../clients/typescript/src/darkroom-client.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { fixture } from '../support/pictures.ts'
import { startProxy } from '../support/proxy.ts'
import { startService, type TestService } from '../support/service.ts'

let service: TestService
let proxy: Awaited<ReturnType<typeof startProxy>>
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  service = opened.use(await startService())
  proxy = opened.use(await startProxy(service.url))
})
afterAll(async () => await opened.disposeAsync())

async function clientOf(url = service.url): Promise<DarkroomClient> {
  const token = await service.token('alice')
  return new DarkroomClient({ url, token: () => token, retryMs: 10_000 })
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const keptUploads = async () => await service.catalog.uploads.before('9'.repeat(18) as PhotoId, 100)

/** What begins as a photo does, and is large. */
async function largePhoto(): Promise<Buffer> {
  return Buffer.concat([await fixture('plain.jpg'), randomBytes(9_000_000)])
}

/** A file whose bytes are others from the n-th read on, as of an app that still writes it. */
function changingFile(before: Buffer, after: Buffer, reads: number): PhotoSource {
  return {
    size: before.length,
    slice: (start, end) => ({
      arrayBuffer: async () => new Uint8Array((reads-- > 0 ? before : after).subarray(start, end)).buffer,
    }),
  }
}

describe('a large photo', () => {
  test('goes on where it was, however often the connection is cut, and tells how far it is', async () => {
    const client = await clientOf(proxy.url)
    const bytes = await largePhoto()
    const cuts = proxy.cutEach(2_000_000)
    const progress: number[] = []

    const photo = await client.upload(new Blob([new Uint8Array(bytes)]), {
      ...{ filter: 'mono', visibility: 'private', focus: { x: 0.25, y: 0.5 }, alt: 'Łódź 🛶' },
      onProgress: ({ sent }) => progress.push(sent),
    })
    const timesCut = cuts()
    proxy.cutEach(Number.POSITIVE_INFINITY)

    expect(photo).toMatchObject({
      ...{ filter: 'mono', visibility: 'private', focus: { x: 0.25, y: 0.5 }, alt: 'Łódź 🛶' },
      original: { bytes: bytes.length, sha256: sha256(bytes) },
    })
    expect(timesCut).toBeGreaterThan(3)
    expect(progress.at(-1)).toBe(bytes.length)
    expect(await keptUploads()).toEqual([])
  })

  test('whose last answer was lost is the same photo', async () => {
    const client = await clientOf(proxy.url)
    const bytes = await largePhoto()
    const id = await client.reserveId()
    const photo = await client.upload(new Blob([new Uint8Array(bytes)]), {
      id,
      onProgress: ({ sent }) => sent === bytes.length && proxy.loseAnswer(),
    })

    expect([photo.id, photo.original.sha256]).toEqual([id, sha256(bytes)])
  })

  test('that changes while it is read is told of, and sent anew as it is then', async () => {
    const client = await clientOf()
    const [before, after] = [await largePhoto(), await largePhoto()]
    let told = 0

    // Three parts are read to know them, and the first to be sent.
    const photo = await client.upload(changingFile(before, after, 4), { onFileChanged: () => told++ })
    let reads = 0
    const restless = client.upload({
      size: before.length,
      slice: (start, end) => changingFile(before, after, reads++ % 2).slice(start, end),
    })

    expect([told, photo.original.sha256]).toEqual([1, sha256(after)])
    await expect(restless).rejects.toMatchObject({ code: 'bytes_changed' })
    expect(await keptUploads()).toEqual([])
  })

  test('in a queue goes on after a restart under the id that it had, and is found out when it changed meanwhile', async () => {
    const store = memoryStore()
    const [same, before, after] = [await largePhoto(), await largePhoto(), await largePhoto()]
    const stalled = proxy.stall(11_000_000)
    const first = await UploadQueue.open(await clientOf(proxy.url), { store, atOnce: 2 })
    await first.add(new Blob([new Uint8Array(same)]))
    await first.add(changingFile(before, after, 5))
    await stalled
    first.close()
    proxy.flow()
    await expect.poll(async () => (await keptUploads()).every(({ received }) => received > 0)).toBe(true)
    const begun = await keptUploads()
    const changed: string[] = []
    const uploaded: Photo[] = []

    const second = await UploadQueue.open(await clientOf(), {
      store,
      onFileChanged: ({ key }) => changed.push(key),
      onUploaded: (photo) => uploaded.push(photo),
    })
    await second.whenIdle()

    expect(begun).toHaveLength(2)
    expect(changed).toHaveLength(1)
    const [kept, anew] = [same, after].map((bytes) =>
      uploaded.find(({ original }) => original.sha256 === sha256(bytes)),
    )
    expect(begun.map(({ id }) => id)).toContain(kept?.id)
    expect(begun.map(({ id }) => id)).not.toContain(anew?.id)
    expect([uploaded.length, await store.all(), await keptUploads()]).toEqual([2, [], []])
  })
})
