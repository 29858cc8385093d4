import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { get, upload, uploadReady } from './support/photo-client.ts'
import { fixture } from './support/pictures.ts'
import { startService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'
import { PRESET_NAMES } from './support/wish.ts'

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
      timing: { waitedMs: expect.any(Number), developedMs: expect.any(Number) },
    })
    expect(await (await get(service, `/v1/photos/${id}`, 'bob')).json()).toMatchObject({ timing: null })
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
      const theirs = { renditions: expect.any(Array), expiresAt: expect.any(String), timing: null }
      expect(photo).toEqual({ ...own, ...theirs, original: { ...own.original, bytes: null, sha256: null } })
    }
  })

  test('shows a photo that failed to its owner alone, public or not', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const reply = await postForm(service, photoForm(await fixture('truncated.jpg')), { prefer: 'wait=60' })
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

    const reply = await postForm(service, photoForm(await fixture('truncated.jpg')), { prefer: 'wait=60' })

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

    const reply = await postForm(service, photoForm(await fixture('bomb.png')), { prefer: 'wait=60' })

    expect(await reply.json()).toMatchObject({ status: 'failed', failure: { code: 'too_many_pixels' } })
  })
})
