import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DarkroomClient, type PhotoHistory, Problem } from '../clients/typescript/src/darkroom-client.ts'
import { signToken } from '../src/http/auth/sign-token.ts'
import { openTokenSecret } from '../src/http/auth/token-secret.ts'
import type { Photo } from '../src/photo/photo.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { sweepObjects } from '../src/sweep/sweep-objects.ts'
import { upload, uploadReady } from './support/photo-client.ts'
import { changeLook, moveTo } from './support/photo-steps.ts'
import { insertPhoto } from './support/photos.ts'
import { fixture } from './support/pictures.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

let service: TestService
/** As an operator, and as somebody else. */
let olga: DarkroomClient
let alice: DarkroomClient
beforeAll(async () => {
  service = await startService()
  const secret = await openTokenSecret(service.config.home)
  const clientOf = async (owner: string, isOperator: boolean) => {
    const token = await signToken(secret, owner as OwnerId, 3600, { isOperator })
    return new DarkroomClient({ url: service.url, token: () => token, retryMs: 0 })
  }
  olga = await clientOf('olga', true)
  alice = await clientOf('alice', false)
})
afterAll(async () => await service[Symbol.asyncDispose]())

/** A photo that nobody can decode. */
async function uploadTorn(): Promise<string> {
  const whole = await fixture('plain.jpg')
  const torn = Buffer.concat([whole.subarray(0, whole.length / 2), Buffer.from(String(Math.random()))])
  const reply = await postForm(service, photoForm(torn), { prefer: 'wait=60' })
  return ((await reply.json()) as { id: string }).id
}

describe('an operator', () => {
  test('sees what waits, and since when', async () => {
    const before = Date.now()
    const { id } = await upload(service)
    const { lanes, kinds } = await olga.operator.jobs()

    expect(lanes.live).toMatchObject({ waiting: 1, active: 0, delayed: 0, failed: 0 })
    expect(Date.parse(lanes.live.oldestWaitingAt ?? '')).toBeGreaterThan(before - 1_000)
    expect(lanes.batch.oldestWaitingAt).toBeNull()
    expect(kinds).toEqual([{ lane: 'live', kind: 'resize', waiting: 1, active: 0, delayed: 0, failed: 0 }])
    await using _worker = service.work()
    await olga.waitUntilReady(id)
  })

  test('sees what failed and why, and has what was seen done again, no more', async () => {
    await using worker = service.work()
    const torn = [await uploadTorn(), await uploadTorn()]
    await expect.poll(async () => (await service.queue.counts()).failed).toBe(2)
    await worker[Symbol.asyncDispose]()

    const seen = await olga.operator.failedJobs({ code: 'corrupt_photo', limit: 1 })
    expect(seen).toMatchObject({ codes: [{ code: 'corrupt_photo', count: 2 }] })
    const behind = await olga.operator.failedJobs({ code: 'corrupt_photo', after: seen.next as string })
    expect(behind).toMatchObject({ jobs: [{ photo: torn[0] }], next: null })
    expect(seen.jobs).toMatchObject([{ photo: torn[1], kind: 'resize', lane: 'live', code: 'corrupt_photo' }])
    await expect(olga.operator.failedJobs({ after: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' })
    const of = async (chosen: { code?: string; until: string }) => await olga.operator.retryJobs(chosen)
    expect(await of({ code: 'other', until: seen.asOf })).toEqual({ retried: 0, hasMore: false })
    expect(await of({ until: new Date(0).toISOString() })).toEqual({ retried: 0, hasMore: false })
    expect(await of({ code: 'corrupt_photo', until: seen.asOf })).toEqual({ retried: 2, hasMore: false })

    expect((await olga.operator.failedJobs()).jobs).toEqual([])
    expect((await alice.photos(torn)).map(({ status }) => status)).toEqual(['processing', 'processing'])
    await using again = service.work()
    await expect.poll(async () => (await service.queue.counts()).failed).toBe(2)
    await again[Symbol.asyncDispose]()

    const [one, other] = torn as [string, string]
    expect(await olga.operator.retryJobs({ photo: one })).toEqual({ retried: 1, hasMore: false })
    expect((await olga.operator.failedJobs()).jobs).toMatchObject([{ photo: other }])
    await expect(olga.operator.retryJobs({} as { photo: string })).rejects.toMatchObject({
      status: 400,
      code: 'invalid_field',
    })
    await using _last = service.work()
    await expect.poll(async () => (await service.queue.counts()).failed).toBe(2)
  })

  test('sees how long photos took, and what is stored once all objects were looked at', async () => {
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    const before = await olga.operator.stats()
    await expect.poll(async () => (await service.catalog.photos.find(id))?.recipe).not.toBeNull()
    await sweepObjects(service, { quarantineDays: 7 }, silentLog)

    expect(before.storage).toBeNull()
    const [minute] = before.ready
    expect(minute).toMatchObject({ photos: expect.any(Number), p50Ms: expect.any(Number) })
    expect(minute?.p95Ms).toBeGreaterThanOrEqual(minute?.p50Ms ?? Infinity)
    await expect
      .poll(async () => (await olga.operator.stats()).storage)
      .toMatchObject({ photos: 4, bytes: expect.any(Number), asOf: expect.any(String) })
    const { storage } = await olga.operator.stats()
    const own = (await service.catalog.objects.ofPhotos([id])).get(id)
    expect(storage?.originalBytes).toBeGreaterThan(own?.bytes ?? Infinity)
    expect(storage?.bytes).toBe((storage?.originalBytes ?? 0) + (storage?.renditionBytes ?? 0))
  })

  test('and nobody else', async () => {
    const { operator } = alice
    for (const ask of [
      () => operator.jobs(),
      () => operator.failedJobs(),
      () => operator.stats(),
      () => operator.retryJobs({ until: new Date().toISOString() }),
    ]) {
      await expect(ask()).rejects.toMatchObject({ status: 403, code: 'operator_only' })
    }
  })
})

describe('the history of a photo', () => {
  const typesOf = ({ events }: PhotoHistory) => events.map(({ type }) => type)

  test('tells its owner what happened when, and an operator its jobs and objects as well', async () => {
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    await changeLook(service.catalog, 'alice' as OwnerId, id)
    await moveTo(service.catalog, 'private', id)

    const own = await alice.history(id)
    expect(typesOf(own)).toEqual(['photo.ready', 'photo.look', 'photo.visibility'])
    expect(own).toMatchObject({ photo: { id, visibility: 'private' }, jobs: null, objects: null })
    expect(own.events[0]?.timing).toMatchObject({ waitedMs: expect.any(Number) })
    const all = await olga.history(id)
    expect(typesOf(all)).toEqual(typesOf(own))
    const [original, ...renditions] = all.objects ?? []
    const { bytes } = own.photo.original
    expect(original).toMatchObject({
      key: `originals/1403/${id}.jpg`,
      contentType: 'image/jpeg',
      bytes,
      isThere: true,
    })
    expect(renditions).toHaveLength(1)
    expect(renditions[0]).toMatchObject({ contentType: 'image/jpeg', isThere: false })
  })

  test('tells an operator why a photo failed, and what its job said', async () => {
    await using _worker = service.work()
    const id = await uploadTorn()
    await expect.poll(async () => (await olga.history(id)).jobs?.[0]?.state).toBe('failed')

    const { photo, events, jobs } = await olga.history(id)
    expect(photo).toMatchObject({ status: 'failed', failure: { code: 'corrupt_photo' } })
    expect(events).toMatchObject([{ type: 'photo.failed', failure: 'corrupt_photo', timing: null }])
    expect(jobs).toMatchObject([{ kind: 'resize', edition: null, state: 'failed', code: 'corrupt_photo' }])
  })

  test("is nobody else's", async () => {
    const id = await insertPhoto(service.catalog, 'carol' as OwnerId)
    const photo = (await service.catalog.photos.find(id)) as Photo

    const refused = await alice.history(photo.id).catch((error) => error)
    expect(refused).toBeInstanceOf(Problem)
    expect(refused).toMatchObject({ status: 404, code: 'photo_not_found' })
  })
})
