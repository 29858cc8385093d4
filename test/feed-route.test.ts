import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PhotoReply, PhotoReplyInParts } from '../src/http/schemas/photo.ts'
import { get, remove, uploadReady } from './support/photo-client.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

type Page<Photo = PhotoReply> = { photos: Photo[]; next: string | null; previous: string | null }

let service: TestService
let worker: AsyncDisposable

beforeAll(async () => {
  service = await startService()
  worker = service.work()
})
afterAll(async () => {
  await worker[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
})

async function follow(viewer: string, ...owners: string[]): Promise<void> {
  const reply = await fetch(`${service.url}/v1/following`, {
    method: 'PUT',
    headers: { ...(await authorization(service, viewer)), 'content-type': 'application/json' },
    body: JSON.stringify({ owners }),
  })
  expect(reply.status).toBe(200)
}
async function feed<Photo = PhotoReply>(viewer: string, query = ''): Promise<Page<Photo>> {
  const reply = await get(service, `/v1/feed${query}`, viewer)
  expect(reply.status).toBe(200)
  return (await reply.json()) as Page<Photo>
}
const idsOf = ({ photos }: Page) => photos.map(({ id }) => id)

describe('GET /v1/feed', () => {
  test('has the photos of those the viewer follows, newest first, page by page, back, and around one', async () => {
    const ids: string[] = []
    for (const owner of ['ann', 'ben', 'ann', 'cid', 'ben'])
      ids.unshift((await uploadReady(service, {}, owner)).id)
    await uploadReady(service, {}, 'stranger')
    await follow('vera', 'ann', 'ben', 'cid')

    const first = await feed('vera', '?limit=2')
    const second = await feed('vera', `?limit=2&before=${first.next}`)
    const last = await feed('vera', `?limit=2&before=${second.next}`)
    const back = await feed('vera', `?limit=2&after=${last.previous}`)
    const around = await feed('vera', `?limit=2&around=${ids[2]}`)

    expect([first, second, last, back].map(idsOf)).toEqual([
      ids.slice(0, 2),
      ids.slice(2, 4),
      ids.slice(4),
      ids.slice(2, 4),
    ])
    expect([first.previous, last.next]).toEqual([null, null])
    expect(idsOf(around)).toEqual(ids.slice(1, 3))
    await follow('vera', 'cid')
    expect(idsOf(await feed('vera'))).toEqual([ids[1]])
    expect((await get(service, `/v1/feed?around=${ids[0]}`, 'vera')).status).toBe(404)
  })

  test('is empty for who follows nobody, or nobody who has photos', async () => {
    await follow('nora', 'nobody')

    for (const viewer of ['nora', 'nemo'])
      expect(await feed(viewer)).toEqual({ photos: [], next: null, previous: null })
  })

  test('shows nothing that was deleted or made private, from the next request on, and has another entity tag then', async () => {
    const [kept, hidden, gone] = [
      await uploadReady(service, {}, 'dora'),
      await uploadReady(service, {}, 'dora'),
      await uploadReady(service, {}, 'dora'),
    ]
    await follow('vito', 'dora')
    const headers = await authorization(service, 'vito')
    let etag = ''
    const ask = async () => {
      const reply = await fetch(`${service.url}/v1/feed`, { headers: { ...headers, 'if-none-match': etag } })
      etag = reply.headers.get('etag') as string
      return reply.status === 304 ? 304 : idsOf((await reply.json()) as Page)
    }

    expect([await ask(), await ask()]).toEqual([[gone.id, hidden.id, kept.id], 304])
    await remove(service, gone.id, 'dora')
    expect([await ask(), await ask()]).toEqual([[hidden.id, kept.id], 304])
    await fetch(`${service.url}/v1/photos/${hidden.id}`, {
      method: 'PATCH',
      headers: { ...(await authorization(service, 'dora')), 'content-type': 'application/json' },
      body: JSON.stringify({ visibility: 'private' }),
    })
    expect([await ask(), await ask()]).toEqual([[kept.id], 304])
  })

  test('takes the wishes that other replies with photos take', async () => {
    await uploadReady(service, {}, 'finn')
    await follow('vlad', 'finn')

    const page = await feed<PhotoReplyInParts>('vlad', '?presets=feed&formats=jpeg&urls=parts')

    expect(page).toMatchObject({ delivery: { query: expect.stringContaining('Signature=') } })
    expect(page.photos[0]?.renditions).toMatchObject([{ preset: 'feed', format: 'jpeg' }])
    const both = await get(service, '/v1/feed?before=A&after=A', 'vlad')
    expect([both.status, await both.json()]).toMatchObject([400, { code: 'invalid_cursor' }])
  })
})
