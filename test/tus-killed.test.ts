import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, test as always, beforeAll, describe, expect } from 'vitest'
import type { Catalog } from '../src/catalog/catalog.ts'
import type { OpenUpload } from '../src/catalog/photos/uploads.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import { createIngest } from '../src/ingest/ingest.ts'
import { Resumable } from '../src/ingest/resumable.ts'
import { NO_DAILY_LIMITS } from '../src/photo/daily-limits.ts'
import { chunkKey, originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { deleteLostChunks, sweepUploads } from '../src/sweep/old-uploads.ts'
import { deadly, Killed } from './support/deadly.ts'
import { inDays } from './support/objects-sweep.ts'
import { noisyJpeg } from './support/pictures.ts'
import { hasS3, NEEDS_S3, openTestBucket } from './support/s3.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { beginUpload, offsetOf, patchUpload, photoOf } from './support/tus.ts'

const owner = 'alice' as OwnerId
const PLAIN = {
  visibility: 'public',
  alt: null,
  focus: null,
  look: null,
  trace: null,
  limits: NO_DAILY_LIMITS,
} as const

/** What a server has done when it is killed, and nobody knows of it. */
const POINTS = [
  'a chunk is put',
  'it is appended',
  'the original is put',
  'the photo is recorded',
  'small chunks are put as one',
  'that one takes their place',
] as const
type Point = (typeof POINTS)[number] | 'nothing'

function serverThatDies(
  service: TestService,
  point: Point,
  interrupt = new AbortController().signal,
): Resumable {
  const { catalog } = service
  const deadlyCatalog = (change: Partial<Catalog>) => ({ ...catalog, ...change }) as Catalog
  const dying: Partial<Record<Point, Partial<Catalog>>> = {
    'it is appended': { uploads: deadly(catalog.uploads, 'append') },
    'the photo is recorded': { reservedIds: deadly(catalog.reservedIds, 'use') },
    'that one takes their place': { uploads: deadly(catalog.uploads, 'replaceChunks') },
  }
  const engines = {
    catalog: deadlyCatalog(dying[point] ?? {}),
    queue: service.queue,
    maxUploadBytes: 1e8,
    interrupt,
    log: silentLog,
  }
  const { store } = service
  let puts = 0
  const dyingPut = new Proxy(deadly(store, 'put'), {
    // The one after the chunk that makes them many.
    get: (target, name) => Reflect.get(name === 'put' && ++puts < 2 ? store : target, name)?.bind?.(store),
  })
  const ingestStore = point === 'the original is put' ? deadly(store, 'put') : store
  const ingest = createIngest({ ...engines, store: ingestStore })
  const chunkStores: Partial<Record<Point, typeof store>> = {
    'a chunk is put': deadly(store, 'put'),
    'small chunks are put as one': dyingPut,
  }
  return new Resumable({ ...engines, store: chunkStores[point] ?? store, ingest })
}

async function* bodyOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** Goes on with the upload at that server as a client does. */
async function goOn(service: TestService, server: Resumable, id: PhotoId, bytes: Buffer, until: number) {
  let upload: OpenUpload | null = await service.catalog.uploads.find(id, owner)
  if (upload && upload.received < until)
    upload = await server.append(upload, bodyOf(bytes.subarray(upload.received, until)), null)
  if (upload === null) return await server.finished(id, owner)
  return upload.received === upload.length ? (await server.finish(upload, PLAIN)).photo : null
}

describe('an upload in pieces', () => {
  let service: TestService
  let bytes: Buffer

  beforeAll(async () => {
    service = await startService()
    bytes = await noisyJpeg({ width: 400, height: 300 })
  })
  afterAll(async () => await service[Symbol.asyncDispose]())

  always('keeps what came when its server is stopped', async () => {
    const stopping = new AbortController()
    const server = serverThatDies(service, 'nothing', stopping.signal)
    const upload = await service.catalog.uploads.create({ owner, length: bytes.length, metadata: '' })
    async function* body() {
      yield bytes.subarray(0, 20_000)
      stopping.abort(new EngineUnavailableError('The server is being stopped.'))
      await new Promise(() => {})
    }

    await expect(server.append(upload, body(), null)).rejects.toThrow(EngineUnavailableError)

    expect(await service.catalog.uploads.find(upload.id, owner)).toMatchObject({ received: 20_000 })
  })

  always('is the photo that was sent, however it is cut, at which servers, and whatever breaks', async () => {
    const servers = [serverThatDies(service, 'nothing'), serverThatDies(service, 'nothing')] as const
    const piece = fc.record({
      server: fc.constantFrom(0, 1),
      length: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 70_000 })),
      breaks: fc.boolean(),
      isSummed: fc.boolean(),
    })

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(piece, { minLength: 1, maxLength: 3 }), { maxLength: 12 }),
        async (rounds) => {
          const { id } = await service.catalog.uploads.create({ owner, length: bytes.length, metadata: '' })
          const present = async () => (await service.catalog.uploads.find(id, owner)) as OpenUpload
          for (const round of rounds) {
            const upload = await present()
            const { received } = upload
            await Promise.allSettled(
              round.map(async ({ server, length, breaks, isSummed }) => {
                const sent = bytes.subarray(received, Math.min(received + length, bytes.length - 1))
                const digest = createHash('sha1').update(sent).digest()
                async function* body() {
                  yield* bodyOf(sent)
                  if (breaks) throw new Killed()
                }
                const sum = isSummed ? { algorithm: 'sha1' as const, digest } : null
                await servers[server].append(upload, body(), sum)
              }),
            )
            expect((await present()).received).toBeGreaterThanOrEqual(received)
          }
          const { received } = await present()
          await servers[0].append(await present(), bodyOf(bytes.subarray(received)), null)
          const { photo } = await servers[1].finish(await present(), PLAIN)

          expect(await service.store.read(originalKey(photo.id, 'jpeg'))).toEqual(bytes)
          expect(await Array.fromAsync(service.store.list(chunkKey(id, '')))).toEqual([])
        },
      ),
      { numRuns: 20 },
    )
  })
})

describe.each([
  { engine: 'a disk', test: always, open: async () => ({ bucket: null, env: {} }) },
  {
    engine: hasS3 ? 'Ceph' : `S3 (${NEEDS_S3})`,
    test: always.skipIf(!hasS3),
    open: async () => {
      const bucket = await openTestBucket()
      return { bucket, env: { STORAGE_URL: bucket.url } }
    },
  },
])('uploads in pieces on $engine', ({ test, open }) => {
  test('are one photo each, and leave nothing, after whatever their server was killed', async () => {
    await using opened = new AsyncDisposableStack()
    const { bucket, env } = await open()
    if (bucket) opened.use(bucket)
    const service = opened.use(await startService(env))
    const bytes = await noisyJpeg({ width: 400, height: 300 })
    const step = Math.ceil(bytes.length / 20)

    for (const point of POINTS) {
      const upload = await service.catalog.uploads.create({ owner, length: bytes.length, metadata: '' })
      let isKilled = false
      for (let end = step; end < bytes.length + step; end += step) {
        const until = Math.min(end, bytes.length)
        // Small chunks become one with the sixteenth.
        const isSixteenth = end === 16 * step
        const isTime = point.includes('one') ? isSixteenth : end === 2 * step || until === bytes.length
        const server = serverThatDies(service, isTime && !isKilled ? point : 'nothing')
        const killed = await goOn(service, server, upload.id, bytes, until).then(
          () => false,
          (error) => {
            if (!(error instanceof Killed)) throw error
            return true
          },
        )
        if (killed) await goOn(service, serverThatDies(service, 'nothing'), upload.id, bytes, until)
        isKilled ||= killed
      }

      const photo = await serverThatDies(service, 'nothing').finished(upload.id, owner)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      expect([point, isKilled, photo.original.sha256]).toEqual([point, true, sha256])
      expect(await service.store.read(originalKey(upload.id, 'jpeg'))).toEqual(bytes)
      expect(await service.catalog.uploads.find(upload.id, owner)).toBeNull()
      await deleteLostChunks(service, silentLog, inDays(2.1))
      expect([point, await Array.fromAsync(service.store.list('uploads/'))]).toEqual([point, []])
    }
  })

  test('expire after a day with all that came, and those that go on are left alone', async () => {
    await using opened = new AsyncDisposableStack()
    const { bucket, env } = await open()
    if (bucket) opened.use(bucket)
    const service = opened.use(await startService(env))
    const bytes = await noisyJpeg({ width: 400, height: 300 })
    const path = await beginUpload(service, bytes.length)
    await patchUpload(service, path, 0, bytes.subarray(0, 5000))
    const others = ['uploads/notes.txt', chunkKey('42' as PhotoId, '0-x')]
    for (const key of others) await service.store.put(key, Buffer.from('x'), { contentType: 'text/plain' })
    const keys = async () => await Array.fromAsync(service.store.list('uploads/'))

    const before = await sweepUploads(service, silentLog, inDays(0.9))
    await deleteLostChunks(service, silentLog, inDays(1.9))
    const kept = await offsetOf(service, path)
    const after = await sweepUploads(service, silentLog, inDays(1.1))
    const gone = await patchUpload(service, path, 5000, bytes.subarray(5000))
    await deleteLostChunks(service, silentLog, inDays(9))

    expect([before, kept, after, gone.status]).toEqual([0, 5000, 1, 404])
    expect(photoOf(gone)).toBeNull()
    expect(await keys()).toEqual(others.toSorted())
  })
})
