import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { KEEPER_KEY } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { openTestDatabase } from './support/database.ts'
import { fixture } from './support/pictures.ts'
import { startProxy } from './support/proxy.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization, type Fields, photoForm, postForm } from './support/uploads.ts'
import { PRESET_NAMES } from './support/wish.ts'

async function upload(
  service: TestService,
  fields: Fields = {},
  owner = 'alice',
  headers: Fields = {},
): Promise<PhotoReply> {
  const reply = await postForm(service, photoForm(await fixture('plain.jpg'), fields), headers, owner)
  expect(reply.status).toBe(201)
  return (await reply.json()) as PhotoReply
}

const uploadReady = async (service: TestService, fields: Fields = {}, owner = 'alice') =>
  await upload(service, fields, owner, { prefer: 'wait=30' })

async function get(service: TestService, path: string, owner = 'alice'): Promise<Response> {
  return await fetch(`${service.url}${path}`, { headers: await authorization(service, owner) })
}

async function remove(service: TestService, id: string, owner = 'alice'): Promise<Response> {
  return await fetch(`${service.url}/v1/photos/${id}`, {
    method: 'DELETE',
    headers: await authorization(service, owner),
  })
}

describe('GET /v1/photos/:id', () => {
  test('gives a ready photo, whose URLs work until they expire', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)

    const photo = (await (await get(service, `/v1/photos/${id}`)).json()) as PhotoReply

    expect(photo).toMatchObject({
      id,
      status: 'ready',
      failure: null,
      color: expect.stringMatching(/^#[0-9a-f]{6}$/),
    })
    expect(photo.original.width).toBeGreaterThan(0)
    expect(photo.thumbhash).toMatch(/^[\w+/=]+$/)
    expect(Date.parse(photo.expiresAt ?? '')).toBeGreaterThan(Date.now() + 3_500_000)
    for (const { url, bytes, format } of photo.renditions) {
      const rendition = await fetch(url)
      expect(rendition.status).toBe(200)
      expect(rendition.headers.get('content-type')).toBe(`image/${format}`)
      expect((await rendition.arrayBuffer()).byteLength).toBe(bytes)
    }
  })

  test('knows a photo by its shortcode too', async () => {
    await using service = await startService()
    const { id, shortcode } = await upload(service)

    expect(await (await get(service, `/v1/photos/${shortcode}`)).json()).toMatchObject({ id, shortcode })
  })

  test('shows a public photo to everybody who has a token', async () => {
    await using service = await startService()
    const { id } = await upload(service)

    expect((await get(service, `/v1/photos/${id}`, 'bob')).status).toBe(200)
    expect((await fetch(`${service.url}/v1/photos/${id}`)).status).toBe(401)
  })

  test('says the same of a private photo of somebody else as of one that is not there', async () => {
    await using service = await startService()
    const { id } = await upload(service, { visibility: 'private' })

    const hidden = await get(service, `/v1/photos/${id}`, 'bob')
    const missing = await get(service, '/v1/photos/764879989359635463', 'bob')

    expect(hidden.status).toBe(404)
    expect(await hidden.text()).toBe(await missing.text())
    expect((await get(service, `/v1/photos/${id}`)).status).toBe(200)
  })

  test('lists each rendition once, also of a photo that is smaller than some presets', async () => {
    await using service = await startService()
    await using _work = service.work()

    const { renditions } = await uploadReady(service)

    const names = PRESET_NAMES.map((preset) => `${preset}.jpeg`)
    expect(renditions.map(({ preset, format }) => `${preset}.${format}`).toSorted()).toEqual(names.toSorted())
  })

  test('gives the renditions of the look that was asked for, when both jobs are done', async () => {
    await using service = await startService()
    await using _worker = service.work()

    const plain = await uploadReady(service)
    const filtered = await uploadReady(service, { filter: 'mono' })

    expect(filtered).toMatchObject({ status: 'ready', filter: 'mono', strength: 1 })
    expect(filtered.renditions).toHaveLength(5)
    const names = ({ renditions }: PhotoReply) => renditions.map(({ url }) => url.replace(/^.*\/|\?.*$/g, ''))
    expect(names(filtered).filter((name) => names(plain).includes(name))).toEqual([])
  })

  test('keeps to the owner what others have no use for: hash and size of the original', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)

    const own = (await (await get(service, `/v1/photos/${id}`)).json()) as PhotoReply
    const others = (await (await get(service, `/v1/photos/${id}`, 'bob')).json()) as PhotoReply
    const listed = (await (await get(service, '/v1/owners/alice/photos', 'bob')).json()) as {
      photos: PhotoReply[]
    }

    expect(own.original).toMatchObject({ bytes: expect.any(Number), sha256: expect.any(String) })
    for (const photo of [others, ...listed.photos]) {
      // Whose URLs are their own, too.
      const theirs = { renditions: expect.any(Array), expiresAt: expect.any(String) }
      expect(photo).toEqual({ ...own, ...theirs, original: { ...own.original, bytes: null, sha256: null } })
    }
  })

  test('shows a photo that failed to its owner alone, public or not', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const reply = await postForm(service, photoForm(await fixture('truncated.jpg')), { prefer: 'wait=30' })
    const { id, visibility } = (await reply.json()) as PhotoReply

    const stranger = await get(service, `/v1/photos/${id}`, 'bob')

    expect(visibility).toBe('public')
    expect(await (await get(service, `/v1/photos/${id}`)).json()).toMatchObject({ status: 'failed' })
    expect(stranger.status).toBe(404)
    expect(await stranger.json()).toMatchObject({ code: 'photo_not_found' })
  })

  test('says why a photo failed, in words for an app', async () => {
    await using service = await startService()
    await using _worker = service.work()

    const reply = await postForm(service, photoForm(await fixture('truncated.jpg')), { prefer: 'wait=30' })

    expect(await reply.json()).toMatchObject({
      status: 'failed',
      renditions: [],
      failure: { code: 'corrupt_photo', message: 'The picture is damaged or incomplete.' },
    })
    expect(await Array.fromAsync(service.store.list('public/'))).toEqual([])
  })

  test('says that a picture has too many pixels', async () => {
    await using service = await startService()
    await using _worker = service.work()

    const reply = await postForm(service, photoForm(await fixture('bomb.png')), { prefer: 'wait=30' })

    expect(await reply.json()).toMatchObject({ status: 'failed', failure: { code: 'too_many_pixels' } })
  })
})

describe('GET /v1/owners/:owner/photos', () => {
  type PhotoPage = { photos: PhotoReply[]; next: string | null; previous: string | null }
  const pageOf = async (service: TestService, query: string, owner = 'alice') =>
    (await (await get(service, `/v1/owners/alice/photos?${query}`, owner)).json()) as PhotoPage
  const idsOf = ({ photos }: PhotoPage) => photos.map(({ id }) => id)

  test('lists newest first, page by page and back again, each photo once', async () => {
    await using service = await startService()
    const made: string[] = []
    for (let count = 0; count < 7; count++) made.unshift((await upload(service)).id)

    const pages = [await pageOf(service, 'limit=3')]
    for (let next = pages[0]?.next; next; next = pages.at(-1)?.next)
      pages.push(await pageOf(service, `limit=3&before=${next}`))
    const back: PhotoPage[] = []
    for (let previous = pages.at(-1)?.previous; previous; previous = back.at(-1)?.previous)
      back.push(await pageOf(service, `limit=3&after=${previous}`))

    expect(pages.map(idsOf)).toEqual([made.slice(0, 3), made.slice(3, 6), made.slice(6)])
    expect(pages.map(({ previous }) => previous === null)).toEqual([true, false, false])
    expect(back.map(idsOf)).toEqual([made.slice(3, 6), made.slice(0, 3)])
    expect(back.map(({ next }) => next === null)).toEqual([false, false])
  })

  test('has a photo in the midst of the page around it, by id and shortcode', async () => {
    await using service = await startService()
    const made: PhotoReply[] = []
    for (let count = 0; count < 7; count++) made.unshift(await upload(service))
    const ids = made.map(({ id }) => id)
    const [newest, , , middle] = made

    const around = await pageOf(service, `limit=3&around=${middle?.id}`)

    expect(idsOf(around)).toEqual(ids.slice(2, 5))
    expect(await pageOf(service, `limit=3&around=${middle?.shortcode}`)).toEqual(around)
    expect(idsOf(await pageOf(service, `limit=3&after=${around.previous}`))).toEqual(ids.slice(0, 2))
    expect(idsOf(await pageOf(service, `limit=3&before=${around.next}`))).toEqual(ids.slice(5))
    const first = await pageOf(service, `limit=4&around=${newest?.id}`)
    expect([idsOf(first), first.previous]).toEqual([ids.slice(0, 2), null])
  })

  test('has no page around a photo that the viewer does not see there', async () => {
    await using service = await startService()
    const hidden = await upload(service, { visibility: 'private' })
    const unready = await upload(service)
    const bobs = await upload(service, {}, 'bob')
    const gone = await upload(service)
    await remove(service, gone.id)

    for (const { id } of [hidden, unready, bobs, gone, { id: '764879989359635463' }]) {
      const reply = await get(service, `/v1/owners/alice/photos?around=${id}`, 'bob')
      expect(reply.status).toBe(404)
      expect(await reply.json()).toMatchObject({ code: 'photo_not_found' })
    }
    expect(idsOf(await pageOf(service, `around=${hidden.id}`))).toEqual([unready.id, hidden.id])
  })

  test('tells when a photo was posted, and when it was taken in', async () => {
    await using service = await startService()
    const { id, createdAt, addedAt } = await upload(service)
    const before = await get(service, '/v1/owners/alice/photos')
    expect(createdAt).toBe(addedAt)

    await service.database.query(`update photos set posted_at = 981173106000 where id = ${id}`)

    const after = await get(service, '/v1/owners/alice/photos')
    expect(await after.json()).toMatchObject({ photos: [{ createdAt: '2001-02-03T04:05:06.000Z', addedAt }] })
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'))
  })

  test('shows all to their owner, and to others what is public and ready', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const shown = await uploadReady(service)
    await uploadReady(service, { visibility: 'private' })
    await postForm(service, photoForm(await fixture('truncated.jpg')), { prefer: 'wait=30' })

    const own = (await (await get(service, '/v1/owners/alice/photos')).json()) as { photos: PhotoReply[] }
    const others = (await (await get(service, '/v1/owners/alice/photos', 'bob')).json()) as {
      photos: PhotoReply[]
    }

    expect(own.photos).toHaveLength(3)
    expect(others.photos.map(({ id }) => id)).toEqual([shown.id])
  })

  test.each([
    'auth0|507f1f77bcf86cd799439011',
    '000123.9f8e7d6c.0456',
    'eu-west-1:5f9c1b9e',
    'a+b@example.com',
    '+'.repeat(128),
  ])('lists those of %s, percent-encoded', async (owner) => {
    await using service = await startService()
    const { id } = await upload(service, {}, owner)

    const reply = await get(service, `/v1/owners/${encodeURIComponent(owner)}/photos`, owner)

    expect(await reply.json()).toMatchObject({ photos: [{ id, owner }] })
  })

  test('is empty for an owner who has none', async () => {
    await using service = await startService()

    expect(await (await get(service, '/v1/owners/nobody/photos')).json()).toEqual({
      photos: [],
      next: null,
      previous: null,
    })
  })
})

describe('DELETE /v1/photos/:id', () => {
  test('hides the photo at once and then removes every object and the row', async () => {
    await using service = await startService()
    const { id, renditions } = await (async () => {
      await using _worker = service.work()
      return await uploadReady(service, { filter: 'mono' })
    })()

    expect((await remove(service, id)).status).toBe(204)

    expect((await get(service, `/v1/photos/${id}`)).status).toBe(404)
    await using _worker = service.work()
    await expect.poll(async () => await service.database.query('select id from photos')).toEqual([])
    await expect.poll(async () => await Array.fromAsync(service.store.list(''))).toEqual([KEEPER_KEY])
    expect((await fetch(renditions[0]?.url ?? '')).status).toBe(403)
  })

  test('is for the owner alone', async () => {
    await using service = await startService()
    const { id } = await upload(service)

    expect((await remove(service, id, 'bob')).status).toBe(404)
    expect((await get(service, `/v1/photos/${id}`)).status).toBe(200)
  })

  test('may be repeated by the owner, before the purge and after it', async () => {
    await using service = await startService()
    const { id } = await upload(service)

    expect((await remove(service, id)).status).toBe(204)
    expect((await remove(service, id)).status).toBe(204)
    await using _worker = service.work()
    await expect.poll(async () => await service.database.query('select id from photos')).toEqual([])
    expect((await remove(service, id)).status).toBe(204)
    expect((await remove(service, id, 'bob')).status).toBe(404)
  })

  test.each(['application/json', 'application/x-www-form-urlencoded', 'nonsense'])(
    'without a body heeds no Content-Type, such as %s',
    async (type) => {
      await using service = await startService()
      const { id } = await upload(service)

      const reply = await fetch(`${service.url}/v1/photos/${id}`, {
        method: 'DELETE',
        headers: { ...(await authorization(service)), 'content-type': type },
      })

      expect(reply.status).toBe(204)
    },
  )

  test('leaves no rendition of a photo that was removed while it was being made', async () => {
    await using service = await startService()
    const { id } = await upload(service)

    await remove(service, id)
    await using _worker = service.work()

    await expect
      .poll(async () => await service.queue.counts())
      .toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 })
    expect(await Array.fromAsync(service.store.list(''))).toEqual([KEEPER_KEY])
    expect(await service.catalog.photos.find(id as PhotoId)).toBeNull()
  })
})

describe('the API', () => {
  test('tells its presets, its filters and its own description without a token', async () => {
    await using service = await startService()

    const presets = await (await fetch(`${service.url}/v1/presets`)).json()
    const filters = (await (await fetch(`${service.url}/v1/filters`)).json()) as {
      filters: { name: string }[]
    }
    const openapi = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: object }
    const docs = await fetch(`${service.url}/docs`)

    expect(presets).toMatchObject({
      presets: expect.arrayContaining([expect.objectContaining({ name: 'feed', width: 1080 })]),
    })
    expect(filters.filters.length).toBeGreaterThanOrEqual(6)
    expect(Object.keys(openapi.paths)).toEqual(
      expect.arrayContaining(['/v1/photos', '/v1/photos/{id}', '/v1/owners/{owner}/photos']),
    )
    expect(docs.status).toBe(200)
  })

  test('says whether it is alive and whether its engines answer', async () => {
    await using service = await startService()

    expect(await (await fetch(`${service.url}/healthz`)).json()).toEqual({ status: 'alive' })
    expect(await (await fetch(`${service.url}/readyz`)).json()).toEqual({
      status: 'ready',
      engines: { database: 'ready', queue: 'ready', storage: 'ready' },
    })
  })

  test('answers 503 with Retry-After while its database is unavailable, and recovers by itself', async () => {
    await using database = await openTestDatabase()
    await using proxy = await startProxy(database.url)
    await using service = await startService({ DATABASE_URL: proxy.url })
    const { id } = await upload(service)

    await proxy.cut()
    const unavailable = await get(service, `/v1/photos/${id}`)
    const readiness = await fetch(`${service.url}/readyz`)
    await proxy.mend()
    const back = await get(service, `/v1/photos/${id}`)

    expect(unavailable.status).toBe(503)
    expect(unavailable.headers.get('retry-after')).toBe('2')
    expect(await unavailable.json()).toMatchObject({ code: 'unavailable' })
    expect(readiness.status).toBe(503)
    expect(back.status).toBe(200)
  })

  test('never answers 500, whatever a client sends', async () => {
    await using service = await startService()
    const headers = await authorization(service)
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }).map(encodeURIComponent),
      fc.webSegment(),
      fc.constantFrom(
        '..',
        '%00',
        '%',
        '%ff',
        '99999999999999999999',
        '-1',
        'v1',
        'photos',
        'owners',
        'renditions',
        'x'.repeat(300),
      ),
    )
    const target = fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'),
      path: fc.oneof(
        fc.array(piece, { maxLength: 5 }).map((pieces) => `/${pieces.join('/')}`),
        piece.map((id) => `/v1/photos/${id}`),
        piece.map((owner) => `/v1/owners/${owner}/photos`),
      ),
      query: fc.oneof(
        fc.constant(''),
        fc
          .record({
            name: fc.constantFrom('limit', 'before', 'after', 'around', 'Policy', 'Expires'),
            value: piece,
          })
          .map(({ name, value }) => `?${name}=${value}`),
      ),
      prefer: fc.constantFrom('wait=x', 'wait=99999999999', 'wait=0', ';;,,', 'return=minimal'),
    })

    await fc.assert(
      fc.asyncProperty(target, async ({ method, path, query, prefer }) => {
        const reply = await fetch(`${service.url}${path}${query}`, {
          method,
          headers: { ...headers, prefer },
          redirect: 'manual',
        })
        await reply.arrayBuffer()
        expect(reply.status).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })
})
