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
    const [same, before, after] = [await largePhoto(), await largePhoto(), await largePhoto()]
    for (const [source, bytes] of [
      [new Blob([new Uint8Array(same)]), same],
      // Read to know its three parts, then sent in part.
      [changingFile(before, after, 5), after],
    ] as const) {
      const store = memoryStore()
      const stalled = proxy.stall(5_000_000)
      const first = await UploadQueue.open(await clientOf(proxy.url), { store })
      await first.add(source)
      await stalled
      first.close()
      proxy.flow()
      const [begun] = await keptUploads()
      let changes = 0
      const uploaded: Photo[] = []

      const second = await UploadQueue.open(await clientOf(), {
        store,
        onFileChanged: () => changes++,
        onUploaded: (photo) => uploaded.push(photo),
      })
      await second.whenIdle()

      const isSame = bytes === same
      expect(begun?.received).toBeGreaterThan(0)
      expect(uploaded.map(({ original }) => original.sha256)).toEqual([sha256(bytes)])
      expect([changes, uploaded[0]?.id === begun?.id]).toEqual(isSame ? [0, true] : [1, false])
      expect([await store.all(), await keptUploads()]).toEqual([[], []])
    }
  })
})
