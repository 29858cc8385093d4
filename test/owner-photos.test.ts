import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { get, remove, upload, uploadReady } from './support/photo-client.ts'
import { fixture } from './support/pictures.ts'
import { startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

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
    await postForm(service, photoForm(await fixture('truncated.jpg')), { prefer: 'wait=60' })

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
