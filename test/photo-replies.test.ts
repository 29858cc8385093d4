import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DeliveryReply, PhotoReply, PhotoReplyInParts } from '../src/http/schemas/photo.ts'
import { uploadReady } from './support/photo-client.ts'
import { fixture } from './support/pictures.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization, type Fields, photoForm, postForm } from './support/uploads.ts'

async function get(service: TestService, path: string, headers: Fields = {}, owner = 'alice') {
  return await fetch(`${service.url}${path}`, {
    headers: { ...(await authorization(service, owner)), ...headers },
  })
}

const json = async <Body>(reply: Promise<Response>) => (await (await reply).json()) as Body
const namesOf = ({ renditions }: { renditions: { preset: string; format: string }[] }) =>
  renditions.map(({ preset, format }) => `${preset}.${format}`)

/** One without a photo, for what asks for none. */
let service: TestService
beforeAll(async () => {
  service = await startService()
})
afterAll(async () => await service[Symbol.asyncDispose]())

describe('A reply with photos', () => {
  test('has only the renditions that were asked for', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id, renditions } = await uploadReady(service)
    const all = namesOf({ renditions })
    const ask = async (query: string) =>
      namesOf(await json<PhotoReply>(get(service, `/v1/photos/${id}?${query}`)))

    expect(await ask('presets=thumb,feed')).toEqual(all.filter((name) => /^(thumb|feed)\./.test(name)))
    expect(await ask('formats=jpeg')).toEqual(all.filter((name) => name.endsWith('.jpeg')))
    expect(await ask('presets=full&formats=jpeg')).toEqual(['full.jpeg'])
    const page = await json<{ photos: PhotoReply[] }>(
      get(service, '/v1/owners/alice/photos?presets=feed&formats=jpeg'),
    )
    expect(page.photos.map(namesOf)).toEqual([['feed.jpeg']])
  })

  test('is refused for a name that is misspelt, with those there are', async () => {
    const ask = async (query: string) => {
      const reply = await get(service, `/v1/owners/alice/photos?${query}`)
      return { status: reply.status, ...((await reply.json()) as object) }
    }

    for (const query of ['presets=feeed', 'presets=feed,feeed&formats=jpeg']) {
      expect(await ask(query)).toMatchObject({
        status: 400,
        code: 'invalid_field',
        detail: '"presets" has "feeed", which is no preset. There are thumb, small, medium, feed, full.',
      })
    }
    expect(await ask('formats=jpg')).toMatchObject({
      status: 400,
      code: 'invalid_field',
      detail: expect.stringContaining('jpeg'),
    })
  })

  test.each(['presets=', 'presets=feed,', 'presets=Feed', 'presets=../feed'])(
    'refuses %s, and says what such a list is',
    async (query) => {
      const reply = await get(service, `/v1/photos/764879989359635463?${query}`)

      expect(reply.status).toBe(400)
      expect(await reply.json()).toMatchObject({
        code: 'invalid_field',
        detail: expect.stringMatching(/"presets" is not valid: names of `GET \/v1\/presets`/),
      })
    },
  )

  test.each(['formats=bmp', 'urls=none', 'urls=', 'url=full'])(
    'refuses %s, and says what there is',
    async (query) => {
      for (const path of ['/v1/photos/764879989359635463', '/v1/owners/alice/photos']) {
        const reply = await get(service, `${path}?${query}`)

        expect(reply.status).toBe(400)
        const { code, detail } = (await reply.json()) as { code: string; detail: string }
        expect(code).toBe('invalid_field')
        expect(detail).toMatch(/must be one of \w+, \w+|There are: /)
      }
    },
  )

  test('in parts has what makes the same URLs', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    await uploadReady(service, { visibility: 'private' })
    type Page<Photo> = { photos: Photo[]; delivery?: DeliveryReply }

    const full = await json<Page<PhotoReply>>(get(service, '/v1/owners/alice/photos'))
    const parts = await json<Page<PhotoReplyInParts>>(get(service, '/v1/owners/alice/photos?urls=parts'))
    const one = await json<PhotoReplyInParts>(get(service, `/v1/photos/${id}?urls=parts`))

    const urlsOf = (photo: PhotoReplyInParts, delivery = photo.delivery) =>
      photo.renditions.map(({ path }) => `${delivery?.origin}/${path}?${delivery?.query}`)
    expect(full.photos).toHaveLength(2)
    expect(parts.photos.map((photo) => urlsOf(photo, photo.delivery ?? parts.delivery))).toEqual(
      full.photos.map(({ renditions }) => renditions.map(({ url }) => url)),
    )
    expect(urlsOf(one)).toEqual(full.photos[1]?.renditions.map(({ url }) => url))
    expect(one.delivery?.expiresAt).toBe(one.expiresAt)
    for (const { renditions } of [...parts.photos, one])
      expect(JSON.stringify(renditions)).not.toContain('url')
  })

  test('to an upload and to a change of look is told as it was asked for, too', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const token = await authorization(service)
    const waiting = { ...token, prefer: 'wait=60' }
    const query = 'presets=feed&formats=jpeg&urls=parts'

    const uploaded = await json<PhotoReplyInParts>(
      fetch(`${service.url}/v1/photos?${query}`, {
        method: 'POST',
        body: photoForm(await fixture('plain.jpg')),
        headers: waiting,
      }),
    )
    const changed = await json<PhotoReplyInParts>(
      fetch(`${service.url}/v1/photos/${uploaded.id}/filter?${query}`, {
        method: 'PUT',
        body: '{"filter":"mono"}',
        headers: { ...waiting, 'content-type': 'application/json' },
      }),
    )

    for (const photo of [uploaded, changed]) {
      expect(namesOf(photo)).toEqual(['feed.jpeg'])
      // Presets that come out alike share an object, and its name.
      expect(photo.renditions[0]?.path).toMatch(/^public\/.*\/[a-z]+-[0-9a-f]{8}\.jpg$/)
      expect(photo.delivery?.query).toMatch(/^Policy=/)
    }
  })
})

describe('An entity tag', () => {
  test.each(['/v1/photos/:id', '/v1/owners/alice/photos'])(
    'of GET %s tells a client that has the reply so, before anything is signed',
    async (path) => {
      await using service = await startService()
      await using _worker = service.work()
      const { id } = await uploadReady(service)
      const target = path.replace(':id', id)
      const first = await get(service, target)
      const etag = first.headers.get('etag') ?? ''

      const replies = await Promise.all(
        [etag, `"other", ${etag}`, etag.replace('W/', ''), '*'].map((known) =>
          get(service, target, { 'if-none-match': known }),
        ),
      )

      expect(etag).toMatch(/^W\/"[\w-]{22}"$/)
      for (const reply of replies) {
        expect(reply.status).toBe(304)
        expect(await reply.text()).toBe('')
        expect(reply.headers.get('etag')).toBe(etag)
        expect(reply.headers.get('cache-control')).toBe('private, no-cache')
        expect(reply.headers.get('vary')).toBe('accept-encoding')
      }
      expect((await get(service, target, { 'if-none-match': 'W/"other"' })).status).toBe(200)
      expect((await get(service, target)).headers.get('etag')).toBe(etag)
    },
  )

  test('is another for another viewer, another wish and another state of the photo', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    const tagOf = async (query = '', owner = 'alice') =>
      (await get(service, `/v1/photos/${id}${query}`, {}, owner)).headers.get('etag')

    const tags = [
      await tagOf(),
      await tagOf('', 'bob'),
      await tagOf('?urls=parts'),
      await tagOf('?presets=feed'),
      await tagOf('?presets=thumb'),
    ]
    await fetch(`${service.url}/v1/photos/${id}/filter`, {
      method: 'PUT',
      body: '{"filter":"mono"}',
      headers: { ...(await authorization(service)), prefer: 'wait=60', 'content-type': 'application/json' },
    })
    tags.push(await tagOf())

    expect(new Set(tags).size).toBe(6)
  })

  test.each(['/v1/presets', '/v1/filters'])(
    'of GET %s tells a client, of whom no token is asked, that it has the list',
    async (path) => {
      const first = await fetch(service.url + path)
      const etag = first.headers.get('etag') ?? ''

      const again = await fetch(service.url + path, { headers: { 'if-none-match': etag } })

      expect(etag).toMatch(/^W\/"[\w-]{22}"$/)
      expect([first.status, again.status]).toEqual([200, 304])
      expect((await fetch(service.url + path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
    },
  )

  test('comes with HEAD, and is known to it', async () => {
    const headers = await authorization(service)
    const head = async (more: Fields = {}) =>
      await fetch(`${service.url}/v1/owners/alice/photos`, {
        method: 'HEAD',
        headers: { ...headers, ...more },
      })

    const etag = (await head()).headers.get('etag') ?? ''

    expect(etag).toBe((await get(service, '/v1/owners/alice/photos')).headers.get('etag'))
    expect((await head({ 'if-none-match': etag })).status).toBe(304)
  })
})

describe('GET /v1/photos?ids=', () => {
  const idsOf = ({ photos }: { photos: PhotoReply[] }) => photos.map(({ id }) => id)

  test('gives photos of several owners in the order asked for, each once, without those that are not there or hidden', async () => {
    await using service = await startService()
    const upload = async (fields: Fields = {}, owner = 'alice') => {
      const reply = await postForm(service, photoForm(await fixture('plain.jpg'), fields), {}, owner)
      return (await reply.json()) as PhotoReply
    }
    const [first, second] = [await upload(), await upload({}, 'carol')]
    const hidden = await upload({ visibility: 'private' })
    const gone = await upload()
    await fetch(`${service.url}/v1/photos/${gone.id}`, {
      method: 'DELETE',
      headers: await authorization(service),
    })
    const ids = [second.id, hidden.id, first.shortcode, gone.id, '764879989359635463', first.id].join(',')

    const bobs = await json<{ photos: PhotoReply[] }>(get(service, `/v1/photos?ids=${ids}`, {}, 'bob'))
    const alices = await json<{ photos: PhotoReply[] }>(get(service, `/v1/photos?ids=${ids}`))

    expect(idsOf(bobs)).toEqual([second.id, first.id])
    expect(idsOf(alices)).toEqual([second.id, hidden.id, first.id])
    const { headers } = await get(service, `/v1/photos?ids=${ids}`)
    const known = await get(service, `/v1/photos?ids=${ids}`, { 'if-none-match': headers.get('etag') ?? '' })
    expect(known.status).toBe(304)
  })

  test.each([
    '',
    '?ids=',
    '?ids=x',
    `?ids=${Array(101).fill('764879989359635463').join(',')}`,
    '?ids=764879989359635463&limit=2',
  ])('refuses %s', async (query) => {
    const reply = await get(service, `/v1/photos${query}`)

    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ code: 'invalid_field' })
  })
})
