import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { photoIdOfRendition, renditionsPrefix } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { movePhoto } from '../src/places/move-photo.ts'
import { runKinds } from '../src/run-kinds.ts'
import { runNow } from '../src/runs/run-now.ts'
import { clearLeft } from '../src/sweep/take-down.ts'
import { resizePhoto } from '../workers/jobs/resize.ts'
import { fixture } from './support/pictures.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { authorization, type Fields, photoForm, postForm } from './support/uploads.ts'

type Photo = PhotoReply & { id: PhotoId }

const HOUR_MS = 3_600_000
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS)

async function upload(service: TestService, fields: Fields = {}, wait = 30): Promise<Photo> {
  const headers = wait > 0 ? { prefer: `wait=${wait}` } : {}
  return (await (
    await postForm(service, photoForm(await fixture('plain.jpg'), fields), headers)
  ).json()) as Photo
}

async function ask(
  service: TestService,
  method: string,
  id: string,
  { body, owner = 'alice', wait = 0 }: { body?: unknown; owner?: string; wait?: number } = {},
) {
  const reply = await fetch(`${service.url}/v1/photos/${id}`, {
    method,
    headers: {
      ...(await authorization(service, owner)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(wait > 0 ? { prefer: `wait=${wait}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const told = reply.status === 204 ? {} : await reply.json()
  return { status: reply.status, body: told as Photo & { code?: string } }
}

const change = async (
  service: TestService,
  id: string,
  body: unknown,
  options: { owner?: string; wait?: number } = {},
) => await ask(service, 'PATCH', id, { body, ...options })

/** The keys of all renditions in the store. */
async function renditionsIn({ store }: TestService): Promise<string[]> {
  return (await Array.fromAsync(store.list(''))).filter((key) => photoIdOfRendition(key) !== null)
}

/** Of the objects: presets that come out alike share one. */
const keysOf = ({ renditions }: PhotoReply) =>
  [...new Set(renditions.map(({ url }) => new URL(url).pathname.slice(1)))].sort()
const statusesOf = async ({ renditions }: PhotoReply) =>
  new Set(await Promise.all(renditions.map(async ({ url }) => (await fetch(url)).status)))

describe('PATCH /v1/photos/:id', () => {
  test('to private moves every rendition out of reach: old URLs are refused at once, new ones work', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service)
    expect(await statusesOf(before)).toEqual(new Set([200]))

    const { status, body } = await change(service, before.id, { visibility: 'private' })

    expect(status).toBe(200)
    expect(body).toMatchObject({ visibility: 'private', status: 'ready' })
    expect(await statusesOf(before)).toEqual(new Set([403]))
    expect(await statusesOf(body)).toEqual(new Set([200]))
    expect(keysOf(body).every((key) => key.startsWith('private/'))).toBe(true)
    expect((await renditionsIn(service)).toSorted()).toEqual(keysOf(body))
    expect((await ask(service, 'GET', before.id, { owner: 'bob' })).status).toBe(404)
  })

  test('closes it to the grant for public photos, which opens nothing private, nothing deleted and no original', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const [first, other] = [await upload(service), await upload(service)]
    const grant = new URL(first.renditions[0]?.url ?? '').search
    const opened = async (keys: readonly string[]) =>
      new Set(
        await Promise.all(keys.map(async (key) => (await fetch(`${service.url}/${key}${grant}`)).status)),
      )
    expect(await opened(keysOf(other))).toEqual(new Set([200]))

    const { body } = await change(service, first.id, { visibility: 'private' })
    await ask(service, 'DELETE', other.id)
    await expect.poll(async () => await renditionsIn(service)).toEqual(keysOf(body))

    expect(await opened([...keysOf(first), ...keysOf(body), ...keysOf(other)])).toEqual(new Set([403]))
    const originals = await Array.fromAsync(service.store.list('originals/'))
    expect(await opened(originals)).toEqual(new Set([404]))
  })

  test('and back gives a place that nobody knew before', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const first = await upload(service)
    const hidden = (await change(service, first.id, { visibility: 'private' })).body

    const { body } = await change(service, first.id, { visibility: 'public' })

    expect(await statusesOf(body)).toEqual(new Set([200]))
    expect(await statusesOf(first)).toEqual(new Set([403]))
    expect(await statusesOf(hidden)).toEqual(new Set([403]))
    expect((await renditionsIn(service)).toSorted()).toEqual(keysOf(body))
  })

  test('changes what is told and leaves the rest, and changes nothing when repeated', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service, { alt: 'a boat', visibility: 'private' })

    const nothing = await change(service, before.id, {})
    const same = await change(service, before.id, { visibility: 'private', focus: null, alt: 'a boat' })
    const other = await change(service, before.id, { alt: 'a boat at sea' })
    const none = await change(service, before.id, { alt: null })

    expect([nothing, same, other, none].map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect([nothing, same, other, none].map(({ body }) => body.alt)).toEqual([
      'a boat',
      'a boat',
      'a boat at sea',
      null,
    ])
    for (const { body } of [same, none]) expect(keysOf(body)).toEqual(keysOf(before))
  })

  test('of the focus makes another edition, with the thumb cut anew, and keeps the look', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service, { filter: 'mono' })

    const promised = await change(service, before.id, { focus: { x: 0, y: 1 } })
    const { status, body } = await change(service, before.id, { focus: { x: 0, y: 1 } }, { wait: 30 })

    expect(promised).toMatchObject({
      status: 202,
      body: { focus: null, filter: 'mono', wanted: { filter: 'mono', focus: { x: 0, y: 1 } } },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ focus: { x: 0, y: 1 }, filter: 'mono', wanted: null })
    expect(await statusesOf(body)).toEqual(new Set([200]))
    const thumbs = await Promise.all(
      [before, body].map(async ({ renditions }) => {
        const thumb = renditions.find(({ preset }) => preset === 'thumb')
        return Buffer.from(await (await fetch(thumb?.url ?? '')).arrayBuffer())
      }),
    )
    expect(thumbs[0]?.equals(thumbs[1] as Buffer)).toBe(false)
  })

  test('of the focus and then of the look, before either is made, ends with both', async () => {
    await using service = await startService()
    const { id } = await upload(service, {}, 0)

    await change(service, id, { focus: { x: 0.25, y: 0.5 } })
    await ask(service, 'PUT', `${id}/filter`, { body: { filter: 'mono' } })
    await using _worker = service.work()

    await expect.poll(async () => (await ask(service, 'GET', id)).body.wanted).toBeNull()
    expect((await ask(service, 'GET', id)).body).toMatchObject({
      status: 'ready',
      focus: { x: 0.25, y: 0.5 },
      filter: 'mono',
    })
  })

  test('shows no earlier edition again that was cut around another focus', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await upload(service)
    await change(service, id, { focus: { x: 0, y: 0 } }, { wait: 30 })
    const cut = (await ask(service, 'GET', id)).body
    await ask(service, 'PUT', `${id}/filter`, { body: { filter: 'mono' }, wait: 30 })

    const { body } = await ask(service, 'DELETE', `${id}/filter`, { wait: 30 })

    expect(body).toMatchObject({ filter: null, focus: { x: 0, y: 0 } })
    expect(keysOf(body)).toEqual(keysOf(cut))
  })

  test('is for the owner alone, of what there is, and of JSON as it is', async () => {
    await using service = await startService()
    const { id } = await upload(service, {}, 0)

    const replies = [
      await change(service, id, { visibility: 'private' }, { owner: 'bob' }),
      await change(service, '764879989359635463', { alt: 'x' }),
      await change(service, id, { visibility: 'secret' }),
      await change(service, id, { focus: { x: 2, y: 0 } }),
      await change(service, id, { focus: '0.5,0.5' }),
      await change(service, id, { focus: { x: 0.5, y: 0.5, z: 0 } }),
      await change(service, id, { alt: 'é'.repeat(2_001) }),
      await change(service, id, { filter: 'mono' }),
    ]
    const { body } = await change(service, id, { focus: { x: 0.5, z: 1 } })

    expect(replies.map(({ status, body }) => `${status} ${body.code}`)).toEqual([
      '404 photo_not_found',
      '404 photo_not_found',
      ...Array.from({ length: 6 }, () => '400 invalid_field'),
    ])
    expect(body).toMatchObject({
      detail: expect.stringMatching(/^"focus" is not valid: null, or \{ "x", "y" \}/),
    })
    expect((await ask(service, 'GET', id)).body).toMatchObject({
      visibility: 'public',
      alt: null,
      focus: null,
    })
  })

  test('that asks a photo which failed for another focus is refused as a whole', async () => {
    await using service = await startService()
    const { id } = await upload(service, {}, 0)
    await service.catalog.photos.fail(id, { code: 'corrupt_photo', message: 'It is damaged.' })

    const { status, body } = await change(service, id, {
      visibility: 'private',
      focus: { x: 0, y: 0 },
      alt: 'a boat',
    })

    expect(`${status} ${body.code}`).toBe('409 photo_failed')
    expect((await ask(service, 'GET', id)).body).toMatchObject({ visibility: 'public', alt: null })
    expect((await change(service, id, { alt: 'a boat' })).body).toMatchObject({ alt: 'a boat' })
  })
})

describe('a photo that moves', () => {
  /** Stops the move at that step, as a server does that is killed. */
  async function stopAt(service: TestService, id: PhotoId, step: 'copied' | 'shown') {
    const killed = new Error('killed')
    using _stopped =
      step === 'copied'
        ? vi.spyOn(service.catalog.places, 'move').mockRejectedValue(killed)
        : vi.spyOn(service.catalog.places, 'leftBy').mockRejectedValue(killed)
    await movePhoto(service, id, 'private', silentLog).catch((error) => expect(error).toBe(killed))
  }

  test('stays where it was when the server dies before the statement, and can be moved again', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service)

    await stopAt(service, before.id, 'copied')

    const photo = (await ask(service, 'GET', before.id)).body
    expect(photo.visibility).toBe('public')
    expect(await statusesOf(photo)).toEqual(new Set([200]))
    // Copies that no photo has: the comparison of objects finds them.
    expect(await renditionsIn(service)).toHaveLength(2 * keysOf(before).length)
    const { body } = await change(service, before.id, { visibility: 'private' })
    expect(await statusesOf(body)).toEqual(new Set([200]))
    expect(await statusesOf(before)).toEqual(new Set([403]))
  })

  test('is cleared from its old place by the sweep when the server dies after the statement', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service)

    await stopAt(service, before.id, 'shown')
    const swept = await clearLeft(service, silentLog, inHours(0))

    expect(swept).toBe(1)
    const photo = (await ask(service, 'GET', before.id)).body
    expect(photo.visibility).toBe('private')
    expect((await renditionsIn(service)).toSorted()).toEqual(keysOf(photo))
    expect(await clearLeft(service, silentLog, inHours(0))).toBe(0)
  })

  test('leaves nothing of a job that was killed after it had put renditions into the old place', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const before = await upload(service)
    await change(service, before.id, { visibility: 'private' })
    const [late = ''] = keysOf(before)
    await service.store.put(late, Buffer.from('late'), { contentType: 'image/jpeg' })

    expect(await clearLeft(service, silentLog, inHours(0.9))).toBe(0)
    expect(await clearLeft(service, silentLog, inHours(1.1))).toBe(1)

    expect(await renditionsIn(service)).not.toContain(late)
    expect(await clearLeft(service, silentLog, inHours(9))).toBe(0)
  })

  test('while its renditions are made has them made where it is', async () => {
    await using service = await startService()
    const { id } = await upload(service, {}, 0)
    const engines = { ...service, maxPixels: service.config.maxPixels }
    const { renditions } = service.catalog
    const record = renditions.record.bind(renditions)
    using _overtaken = vi.spyOn(renditions, 'record').mockImplementationOnce(async (...made) => {
      await change(service, id, { visibility: 'private' })
      return await record(...made)
    })

    await resizePhoto(engines)({ kind: 'resize', photoId: id })

    const photo = (await ask(service, 'GET', id)).body
    expect(photo).toMatchObject({ status: 'ready', visibility: 'private' })
    expect(await statusesOf(photo)).toEqual(new Set([200]))
    expect((await renditionsIn(service)).every((key) => key.startsWith('private/'))).toBe(true)
  })

  test('of before there were secrets keeps its URLs until it is moved to one', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await upload(service)
    const photo = await service.catalog.photos.find(id)
    if (photo === null) throw new Error('There is no such photo.')
    const old = { ...photo, secret: null }
    for (const key of await renditionsIn(service)) {
      await service.store.move(key, key.replace(renditionsPrefix(photo), renditionsPrefix(old)))
    }
    await service.database.query(`update photos set secret = null where id = ${id}`)
    const before = (await ask(service, 'GET', id)).body
    expect(keysOf(before)[0]).toMatch(/^renditions\//)
    expect(await statusesOf(before)).toEqual(new Set([200]))

    expect(await service.catalog.places.withoutSecret(null, 10)).toEqual([{ id }])
    const options = { engines: service, kinds: runKinds(service.config, service), log: silentLog }
    expect(await runNow(options, 'old places')).toMatchObject({ done: 1 })

    const after = (await ask(service, 'GET', id)).body
    expect(after.visibility).toBe('public')
    expect(keysOf(after)[0]).toMatch(/^public\//)
    expect(await statusesOf(after)).toEqual(new Set([200]))
    expect(await statusesOf(before)).toEqual(new Set([403]))
    expect(await service.catalog.places.withoutSecret(null, 10)).toEqual([])
  })
})

describe('changes of all kinds at once', () => {
  test('end with what was asked for last, with every rendition in one place and nothing beside', async () => {
    await using service = await startService()
    await using _worker = service.work({ withAvif: true })
    await using _another = service.work({ withAvif: true })
    const { id } = await upload(service)
    const wish = fc.oneof(
      fc.constantFrom('public', 'private').map((visibility) => ({ visibility })),
      fc.constantFrom(null, { x: 0, y: 0 }, { x: 1, y: 1 }).map((focus) => ({ focus })),
      fc.constantFrom('mono', 'dusk').map((filter) => ({ filter })),
    )
    const step = fc.record({ wish, waits: fc.boolean(), pause: fc.integer({ min: 0, max: 60 }) })

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
        const asked: Promise<{ status: number }>[] = []
        for (const { wish, waits, pause } of steps) {
          const asking =
            'filter' in wish ? ask(service, 'PUT', `${id}/filter`, { body: wish }) : change(service, id, wish)
          asked.push(asking)
          if (waits) await asking
          await sleep(pause)
        }
        for (const { status } of await Promise.all(asked)) expect([200, 202]).toContain(status)
        const visibility = (await ask(service, 'GET', id)).body.visibility
        await expect
          .poll(async () => await service.queue.counts())
          .toMatchObject({
            waiting: 0,
            active: 0,
          })

        const photo = (await ask(service, 'GET', id)).body
        expect(photo).toMatchObject({ wanted: null, visibility, status: 'ready' })
        expect(await statusesOf(photo)).toEqual(new Set([200]))
        const elsewhere = (await renditionsIn(service)).filter((key) => !key.startsWith(`${visibility}/`))
        expect(elsewhere).toEqual([])
        const prefixes = new Set((await renditionsIn(service)).map((key) => key.replace(/[^/]+$/, '')))
        expect(prefixes.size).toBe(1)
      }),
      { numRuns: 8, endOnFailure: true },
    )

    const changes = [
      change(service, id, { visibility: 'public' }),
      change(service, id, { visibility: 'private' }),
    ]
    await ask(service, 'DELETE', id)
    await Promise.allSettled(changes)
    await expect.poll(async () => await Array.fromAsync(service.store.list(''))).toEqual(['darkroom.json'])
  }, 300_000)
})
