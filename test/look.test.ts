import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { sweepRenditions } from '../src/sweep/earlier-renditions.ts'
import { sweepJobs } from '../src/sweep/lost-jobs.ts'
import { afterItsLife, change, digestsOf, find, objectCount, objectsOf } from './support/looks.ts'
import { uploadReady } from './support/photo-client.ts'
import { fixture } from './support/pictures.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const inAMinute = () => new Date(Date.now() + 60_000)

describe('PUT /v1/photos/:id/filter', () => {
  test('gives the photo the look as an upload with it would, and its URLs work', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    const uploaded = await uploadReady(service, { filter: 'noir', strength: '0.6' })

    const { status, body } = await change(service, id, { filter: 'noir', strength: 0.6 }, { wait: 60 })

    expect(status).toBe(200)
    expect(body).toMatchObject({ filter: 'noir', strength: 0.6, wanted: null, status: 'ready' })
    expect([body.color, body.thumbhash]).toEqual([uploaded.color, uploaded.thumbhash])
    expect(body.renditions.map(({ bytes }) => bytes)).toEqual(uploaded.renditions.map(({ bytes }) => bytes))
    for (const { url } of body.renditions) expect((await fetch(url)).status).toBe(200)
  })

  test('goes on showing the look there is until the other is made', async () => {
    await using service = await startService()
    const worker = service.work()
    const before = await uploadReady(service)
    await worker[Symbol.asyncDispose]()

    const { status, body } = await change(service, before.id, { filter: 'dusk' })

    expect(status).toBe(202)
    expect(body).toMatchObject({ filter: null, strength: null, wanted: { filter: 'dusk', strength: 1 } })
    expect(body.renditions).toEqual(before.renditions)
  })

  test('of a strength of 0, as DELETE, shows the photo as it was taken, with the renditions it had', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await uploadReady(service)
    await change(service, before.id, { filter: 'dusk' }, { wait: 60 })

    const zero = await change(service, before.id, { filter: 'mono', strength: 0 }, { wait: 60 })
    const removed = await change(service, before.id, null, { wait: 60 })

    for (const { status, body } of [zero, removed]) {
      expect(status).toBe(200)
      expect(body).toMatchObject({ filter: null, strength: null, renditions: before.renditions })
    }
  })

  test('makes the look of a photo that is still being processed', async () => {
    await using service = await startService()
    const form = photoForm(await fixture('plain.jpg'), { filter: 'mono' })
    const { id } = (await (await postForm(service, form)).json()) as PhotoReply
    await change(service, id, { filter: 'velvet' })

    await using _worker = service.work()

    await expect
      .poll(async () => await find(service, id))
      .toMatchObject({ status: 'ready', filter: 'velvet', wanted: null })
  })

  test('is for the owner alone, for a filter there is and a strength of 0 to 1', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)

    const replies = [
      await change(service, id, { filter: 'mono' }, { owner: 'bob' }),
      await change(service, '764879989359635463', { filter: 'mono' }),
      await change(service, id, { filter: 'no-such-filter' }),
      await change(service, id, { filter: 'mono', strength: 1.5 }),
    ]

    expect(replies.map(({ status, body }) => [status, body.code])).toEqual([
      [404, 'photo_not_found'],
      [404, 'photo_not_found'],
      [400, 'invalid_field'],
      [400, 'invalid_field'],
    ])
    expect(await find(service, id)).toMatchObject({ filter: null, wanted: null })
  })

  test('is refused for a photo that failed', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const form = photoForm(await fixture('truncated.jpg'))
    const { id, status } = (await (await postForm(service, form, { prefer: 'wait=60' })).json()) as PhotoReply

    const reply = await change(service, id, { filter: 'mono' })

    expect(status).toBe('failed')
    expect([reply.status, reply.body.code]).toEqual([409, 'photo_failed'])
  })

  test('that fails leaves a ready photo as it is', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await uploadReady(service)
    const [key = ''] = await Array.fromAsync(service.store.list('originals/'))
    await service.store.delete([key])
    await service.store.put(key, Buffer.from('no photo'), { contentType: 'image/jpeg' })

    const { status, body } = await change(service, before.id, { filter: 'mono' }, { wait: 60 })

    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'ready', filter: null, wanted: null, failure: null })
    expect(body.renditions).toEqual(before.renditions)
  })

  test('survives that its job is lost: the sweep enqueues it again', async () => {
    await using service = await startService()
    const worker = service.work()
    const { id } = await uploadReady(service)
    await worker[Symbol.asyncDispose]()
    const edition = await service.catalog.looks.want(id as PhotoId, 'alice' as never, { look: null })

    const mended = await sweepJobs(service, silentLog, inAMinute())
    const again = await sweepJobs(service, silentLog, inAMinute())

    expect([mended, again]).toEqual([1, 0])
    const job = { kind: 'filter', photoId: id as PhotoId, edition: edition as number } as const
    expect(await service.queue.state(job)).toEqual({ name: 'pending' })
  })
})

describe('changes of look at once', () => {
  test('end with the last one, never show a mixture, and never lose an object', async () => {
    await using service = await startService()
    await using _worker = service.work()
    await using _another = service.work()
    const { id } = await uploadReady(service)
    const looks = fc.constantFrom('mono', 'dusk', 'linen', null)
    const step = fc.record({ look: looks, pause: fc.integer({ min: 0, max: 60 }), sweeps: fc.boolean() })

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
        const reading = new AbortController()
        const mixtures = watchForMixtures(service, id, reading.signal)
        const sweeping: Promise<unknown>[] = []

        for (const { look, pause, sweeps } of steps) {
          await change(service, id, look === null ? null : { filter: look })
          if (sweeps) sweeping.push(sweepRenditions(service, silentLog, afterItsLife()))
          await new Promise((resolve) => setTimeout(resolve, pause))
        }
        await expect.poll(async () => (await find(service, id)).wanted).toBeNull()
        reading.abort()
        await Promise.all(sweeping)

        const photo = await find(service, id)
        expect(photo.filter).toBe(steps.at(-1)?.look ?? null)
        expect(await mixtures).toEqual([])
        for (const { url } of photo.renditions) expect((await fetch(url)).status).toBe(200)
      }),
      { numRuns: 12, endOnFailure: true },
    )

    await expect.poll(async () => (await service.queue.counts()).active).toBe(0)
    await sweepRenditions(service, silentLog, afterItsLife())
    expect(await objectsOf(service, id)).toHaveLength(objectCount(await find(service, id)))
  }, 240_000)
})

/** Reads the photo again and again; answers with each reply whose renditions are not one whole look. */
async function watchForMixtures(service: TestService, id: string, signal: AbortSignal): Promise<unknown[]> {
  const editions = new Map<string, string>()
  const mixtures: unknown[] = []
  const whole = (await find(service, id)).renditions.length
  while (!signal.aborted) {
    const photo = await find(service, id)
    const digests = digestsOf(photo)
    const name = `${photo.filter}`
    // One rendition belongs to one look for ever.
    const known = digests.map((digest) => editions.get(digest ?? '') ?? name)
    for (const digest of digests) editions.set(digest ?? '', name)
    if (digests.length !== whole || known.some((other) => other !== name))
      mixtures.push({ name, digests, known })
  }
  return mixtures
}
