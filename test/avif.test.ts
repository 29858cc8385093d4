import sharp from 'sharp'
import { describe, expect, test, vi } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { listRenditions } from '../src/places/all-renditions.ts'
import type { Job } from '../src/queue/job.ts'
import { sweepRenditions } from '../src/sweep/earlier-renditions.ts'
import type { WorkerEngines } from '../workers/engines.ts'
import { finishPhoto } from '../workers/jobs/finish.ts'
import { resizePhoto } from '../workers/jobs/resize.ts'
import { idle } from './support/handlers.ts'
import { fixture } from './support/pictures.ts'
import { expireLeases } from './support/runs.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { authorization, type Fields, photoForm, postForm } from './support/uploads.ts'

const AVIF = ['small avif', 'medium avif', 'full avif', 'feed avif']
const inAMinute = () => new Date(Date.now() + 60_000)

describe('AVIF renditions', () => {
  test('appear after the photo is ready, in its look, beside what it has', async () => {
    await using service = await startService()
    await using _worker = service.work({ withAvif: true })

    const ready = await uploadReady(service, { filter: 'mono' })
    await expect.poll(async () => avifOf(await find(service, ready.id))).toEqual(AVIF)

    const photo = await find(service, ready.id)
    expect(ready.renditions.filter(({ format }) => format !== 'avif')).toHaveLength(5)
    expect(photo.renditions).toHaveLength(9)
    expect([photo.color, photo.thumbhash]).toEqual([ready.color, ready.thumbhash])
    for (const { url, bytes } of photo.renditions.filter(({ format }) => format === 'avif')) {
      const reply = await fetch(url)
      const body = Buffer.from(await reply.arrayBuffer())
      expect(reply.headers.get('content-type')).toBe('image/avif')
      expect(body).toHaveLength(bytes ?? 0)
      expect(await sharp(body).metadata()).toMatchObject({ compression: 'av1', width: 160, height: 120 })
      const { channels } = await sharp(body).stats()
      const means = channels.map(({ mean }) => mean)
      expect(Math.max(...means) - Math.min(...means)).toBeLessThan(3)
    }
  })

  test('are made of the look a photo is changed to, and come back with one that it had', async () => {
    await using service = await startService()
    await using _worker = service.work({ withAvif: true })
    const { id } = await uploadReady(service)
    await expect.poll(async () => avifOf(await find(service, id))).toEqual(AVIF)
    const plain = await find(service, id)

    await changeLook(service, id, { filter: 'mono' })
    await expect.poll(async () => avifOf(await find(service, id))).toEqual(AVIF)
    const mono = await find(service, id)
    await changeLook(service, id, null)
    await expect.poll(async () => avifOf(await find(service, id))).toEqual(AVIF)

    const again = await find(service, id)
    expect(keysOf(mono).filter((key) => keysOf(plain).includes(key))).toEqual([])
    expect(keysOf(again)).toEqual(keysOf(plain))
  })

  test('are made by the job that makes the photo ready, from one decode, when nobody waits', async () => {
    await using service = await startService()
    const { id } = await uploadProcessing(service)
    const reads = vi.spyOn(service.store, 'read')

    await resizePhoto(engines(service))({ kind: 'resize', photoId: id })

    expect(avifOf(await find(service, id))).toEqual(AVIF)
    expect(reads).toHaveBeenCalledTimes(1)
    expect(await service.queue.state({ kind: 'finish', photoId: id, edition: 0 })).toEqual({
      name: 'missing',
    })
  })

  test('are left to a job of their own when somebody waits', async () => {
    await using service = await startService()
    const { id } = await uploadProcessing(service)
    await uploadProcessing(service)

    await resizePhoto({ ...engines(service), queue: service.queue })({ kind: 'resize', photoId: id })

    expect(await find(service, id)).toMatchObject({ status: 'ready' })
    expect(avifOf(await find(service, id))).toEqual([])
    expect(await service.queue.state({ kind: 'finish', photoId: id, edition: 0 })).toEqual({
      name: 'pending',
    })
  })

  test('that can not be made leave the photo ready, and are left to a job that may fail', async () => {
    await using service = await startService()
    const { id } = await uploadProcessing(service)
    const put = service.store.put.bind(service.store)
    vi.spyOn(service.store, 'put').mockImplementation(async (key, ...rest) => {
      if (key.endsWith('.avif')) throw new Error('no room')
      return await put(key, ...rest)
    })

    await resizePhoto(engines(service))({ kind: 'resize', photoId: id })

    expect(await find(service, id)).toMatchObject({ status: 'ready', failure: null })
    expect(await service.queue.state({ kind: 'finish', photoId: id, edition: 0 })).toEqual({
      name: 'pending',
    })
  })

  test('of a look that is not shown any more when they are made are deleted in their time', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    const overtaken = finishPhoto(
      engines(service, async () => await changeLook(service, id, { filter: 'mono' })),
    )

    await overtaken({ kind: 'finish', photoId: id, edition: 0 })
    const shown = await find(service, id)
    const atOnce = await avifObjects(service, id)
    await sweepRenditions(service, silentLog, new Date(Date.now() + 30 * 3_600_000))

    expect(avifOf(shown)).toEqual([])
    // Of a photo that small all presets share one.
    expect(atOnce).toHaveLength(1)
    expect(await avifObjects(service, id)).toEqual([])
  })

  test('of a photo that is removed meanwhile leave no objects', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    const removed = finishPhoto(
      engines(service, async () => await service.catalog.removals.remove(id, 'alice' as OwnerId)),
    )

    await removed({ kind: 'finish', photoId: id, edition: 0 })

    expect(await avifObjects(service, id)).toEqual([])
  })

  test('of an animation are not made where it moves', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service, {}, 'animated.gif')

    await finishPhoto(engines(service))({ kind: 'finish', photoId: id, edition: 0 })

    expect(avifOf(await find(service, id))).toEqual([])
    expect(await service.catalog.renditions.withoutLater(inAMinute(), null, 10)).toEqual([])
  })
})

describe('the jobs of AVIF', () => {
  test('are promised when the photo is ready, in the lane that no upload waits for', async () => {
    await using service = await startService()
    {
      await using _worker = service.work()
      await uploadReady(service)
    }
    await service.queue.enqueue({ kind: 'finish', photoId: '764879989359635463' as PhotoId, edition: 0 })
    for (let i = 0; i < 3; i++) await postForm(service, photoForm(await fixture('plain.jpg')))

    expect(await service.queue.counts('live')).toMatchObject({ waiting: 3 })
    expect((await service.queue.counts('batch')).waiting).toBeGreaterThanOrEqual(1)
  })

  test('that were lost are enqueued again by a run, until they are done', async () => {
    await using service = await startService()
    const { id, job } = await readyWithoutAvif(service)

    await expect.poll(async () => (await service.queue.state(job)).name).toBe('pending')
    await using _worker = service.work({ withAvif: true })
    await expect.poll(async () => avifOf(await find(service, id))).toEqual(AVIF)

    await expect.poll(async () => await laterRun(service)).toMatchObject({ done: 1, inFlight: 0 })
    expect(await service.queue.state(job)).toEqual({ name: 'missing' })
  })

  test('that fail for good leave the photo ready and are not tried for ever', async () => {
    await using service = await startService()
    const { key } = await readyWithoutAvif(service)
    await service.store.delete([key])
    await service.store.put(key, Buffer.from('no photo'), { contentType: 'image/jpeg' })

    // A worker that dies before it tells the row.
    await using _worker = service.queue.work({
      lane: 'batch',
      handlers: { ...idle, finish: finishPhoto(engines(service)) },
      onFailed: async () => {},
    })
    await expect.poll(async () => await laterRun(service)).toMatchObject({ failed: 1, inFlight: 0 })

    const { id = 0 } = (await laterRun(service)) ?? {}
    const all = { code: null, after: null, limit: 10 }
    expect(await service.catalog.runFailures.page(id, all)).toMatchObject([{ code: 'corrupt_photo' }])
    expect(await service.catalog.renditions.withoutLater(inAMinute(), null, 10)).toEqual([])
  })
})

async function laterRun({ catalog }: TestService) {
  return (await catalog.runs.list()).find(({ kind }) => kind === 'later renditions')
}

/**
 * A worker's engines, on which something happens between the making and the recording of AVIF. Nobody waits: the job
 * that a test does by itself is still in the queue.
 */
function engines(service: TestService, meanwhile: () => Promise<unknown> = async () => {}): WorkerEngines {
  const { catalog, queue } = service
  return {
    ...service,
    queue: { enqueue: async (job) => await queue.enqueue(job), oldestWaiting: async () => null },
    maxPixels: service.config.maxPixels,
    catalog: {
      ...catalog,
      renditions: {
        record: (...args) => catalog.renditions.record(...args),
        recordLater: async (...args) => {
          await meanwhile()
          return await catalog.renditions.recordLater(...args)
        },
      },
    },
  }
}

/** A photo that has been ready for long and waits for AVIF, with no job for it; the run that finds it is due. */
async function readyWithoutAvif(service: TestService): Promise<{ id: PhotoId; key: string; job: Job }> {
  await using _worker = service.work()
  const { id } = await uploadReady(service)
  // The job that makes it ready is active until it has promised the other, which makes nothing here.
  await expect.poll(async () => await service.queue.counts()).toMatchObject({ waiting: 0, active: 0 })
  await service.database.query(
    "update photos set later_renditions = null, written_at = now() - interval '1 minute'",
  )
  await expireLeases(service.database)
  const [key = ''] = await Array.fromAsync(service.store.list('originals/'))
  return { id, key, job: { kind: 'finish', photoId: id, edition: 0 } }
}

async function uploadProcessing(service: TestService): Promise<{ id: PhotoId }> {
  const reply = await postForm(service, photoForm(await fixture('plain.jpg')))
  return (await reply.json()) as { id: PhotoId }
}

async function uploadReady(service: TestService, fields: Fields = {}, name = 'plain.jpg') {
  const reply = await postForm(service, photoForm(await fixture(name), fields), { prefer: 'wait=60' })
  const photo = (await reply.json()) as PhotoReply
  expect(photo.status).toBe('ready')
  return { ...photo, id: photo.id as PhotoId }
}

async function find(service: TestService, id: string): Promise<PhotoReply> {
  const headers = await authorization(service)
  return (await (await fetch(`${service.url}/v1/photos/${id}`, { headers })).json()) as PhotoReply
}

async function changeLook(service: TestService, id: string, look: { filter: string } | null) {
  const headers = {
    ...(await authorization(service)),
    prefer: 'wait=60',
    ...(look && { 'content-type': 'application/json' }),
  }
  const body = look && { body: JSON.stringify(look) }
  const reply = await fetch(`${service.url}/v1/photos/${id}/filter`, {
    method: look ? 'PUT' : 'DELETE',
    headers,
    ...body,
  })
  expect(reply.status).toBe(200)
}

function avifOf({ renditions }: PhotoReply): string[] {
  return renditions
    .filter(({ format }) => format === 'avif')
    .map(({ preset, format }) => `${preset} ${format}`)
    .sort()
    .reverse()
}

function keysOf({ renditions }: PhotoReply): string[] {
  return renditions.map(({ url }) => new URL(url).pathname).sort()
}

async function avifObjects(service: TestService, id: PhotoId): Promise<string[]> {
  const keys = await listRenditions(service.store, id)
  return keys.filter((key) => key.endsWith('.avif'))
}
