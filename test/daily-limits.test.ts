import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTokenSecret } from '../src/http/auth/token-secret.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import type { TestService } from './support/service.ts'
import { sign } from './support/token.ts'
import { startTwoServers } from './support/two-servers.ts'
import { digestOf, type Fields, photoForm } from './support/uploads.ts'

type Day = Record<'photos' | 'bytes', { used: number | null; limit: number | null; left: number | null }> & {
  resetsAt: string
}

let one: TestService
let urls: [string, string]
let photo: Buffer
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  const servers = opened.use(await startTwoServers())
  one = servers.one
  urls = [one.url, servers.other.url]
  photo = await fixture('plain.jpg')
})
afterAll(async () => await opened.disposeAsync())

/** Somebody new, whose token has these claims. */
async function newCaller(claims: Record<string, unknown>) {
  const owner = randomUUID()
  const secret = await openTokenSecret(one.config.home)
  const authorization = await sign({ sub: owner, ...claims }, { secret })
  const ask = async (path: string, init: RequestInit = {}, at = 0) =>
    await fetch(urls[at] + path, {
      ...init,
      headers: { 'content-type': 'image/jpeg', authorization, ...(init.headers as Fields) },
    })
  return {
    owner,
    authorization,
    ask,
    post: async (headers: Fields = {}, at = 0) =>
      await ask('/v1/photos', { method: 'POST', body: new Uint8Array(photo), headers }, at),
    put: async (id: string, headers: Fields = {}) =>
      await ask(`/v1/photos/${id}`, { method: 'PUT', body: new Uint8Array(photo), headers }),
    reserve: async (count: number) => {
      const headers = { 'content-type': 'application/json' }
      const reply = await ask('/v1/ids', { method: 'POST', body: JSON.stringify({ count }), headers })
      return ((await reply.json()) as { ids: string[] }).ids
    },
    today: async () => ((await (await ask('/v1/me')).json()) as { today: Day }).today,
    photos: async () =>
      ((await one.database.query(`select id from photos where owner = '${owner}'`)) as object[]).length,
  }
}

const statuses = (replies: readonly Response[]) => replies.map(({ status }) => status).toSorted()

describe('a limit of photos a day', () => {
  test('holds for uploads in pieces: before they begin, and with their last byte', async () => {
    const alice = await newCaller({ photosPerDay: 1 })
    const tus = { 'tus-resumable': '1.0.0', 'upload-length': `${photo.length}` }
    const begin = async () => await alice.ask('/v1/uploads', { method: 'POST', headers: tus })
    const path = (await begin()).headers.get('location') as string
    await alice.post()

    const late = await begin()
    const last = await alice.ask(path, {
      method: 'PATCH',
      body: new Uint8Array(photo),
      headers: {
        ...{ 'tus-resumable': '1.0.0', 'upload-offset': '0' },
        'content-type': 'application/offset+octet-stream',
      },
    })

    expect([late.status, last.status, await alice.photos()]).toEqual([429, 429, 1])
  })

  test('is kept by two servers at once, and the refusal says until when', async () => {
    const alice = await newCaller({ photosPerDay: 3 })

    const replies = await Promise.all(Array.from({ length: 8 }, (_, i) => alice.post({}, i % 2)))
    const refused = replies.find(({ status }) => status === 429) as Response

    expect(statuses(replies)).toEqual([...Array(3).fill(201), ...Array(5).fill(429)])
    expect(await alice.photos()).toBe(3)
    expect(refused.headers.get('ratelimit-policy')).toBe('"photos";q=3;w=86400')
    expect(refused.headers.get('ratelimit')).toMatch(/^"photos";r=0;t=\d+$/)
    const untilMidnight = (Math.floor(Date.now() / 86_400_000 + 1) * 86_400_000 - Date.now()) / 1000
    expect(Math.abs(Number(refused.headers.get('retry-after')) - untilMidnight)).toBeLessThan(60)
    expect(await refused.json()).toMatchObject({
      code: 'daily_limit_reached',
      detail: expect.stringMatching(/ 0 photos are left until \d{4}-\d\d-\d\dT00:00:00.000Z\.$/),
    })
  })

  test('counts what is sent again once, also when it is used up: by id, by key, and by digest', async () => {
    const alice = await newCaller({ photosPerDay: 2 })
    const [id = '', unused = ''] = await alice.reserve(2)
    const key = { 'idempotency-key': randomUUID() }

    const replies = [
      ...[await alice.put(id), await alice.put(id), await alice.post(key), await alice.post(key)],
      ...[await alice.put(id), await alice.put(id, { 'content-digest': digestOf(photo) })],
    ]
    const past = [await alice.put(unused), await alice.post({ 'idempotency-key': randomUUID() })]

    expect(replies.map(({ status }) => status)).toEqual([201, 200, 201, 201, 200, 200])
    expect(statuses(past)).toEqual([429, 429])
    expect((await alice.today()).photos).toEqual({ used: 2, limit: 2, left: 0 })
  })

  test('is looked at before the body of a client that waits for leave to send it', async () => {
    const alice = await newCaller({ photosPerDay: 0 })
    const { hostname, port } = new URL(one.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `POST /v1/photos HTTP/1.1\r\nHost: a\r\nAuthorization: ${alice.authorization}\r\nContent-Type: image/jpeg\r\n` +
        `Content-Length: ${photo.length}\r\nExpect: 100-continue\r\n\r\n`,
    )

    expect(await text(socket)).toMatch(/^HTTP\/1.1 429 /)
  })

  test('is given back by an upload that fails, and an id that was refused can be used tomorrow', async () => {
    const alice = await newCaller({ photosPerDay: 1 })
    const [id = ''] = await alice.reserve(1)

    const failed = await alice.ask('/v1/photos', { method: 'POST', body: 'no picture' })
    const taken = await alice.post()
    const refused = await alice.put(id)
    await one.database.query(`update daily_uses set day = day - 1 where owner = '${alice.owner}'`)
    const tomorrow = await alice.put(id)

    expect([failed, taken, refused, tomorrow].map(({ status }) => status)).toEqual([415, 201, 429, 201])
    expect((await alice.today()).photos.used).toBe(1)
  })

  test('holds for forms, too', async () => {
    const alice = await newCaller({ photosPerDay: 1 })
    const form = async () =>
      await fetch(`${one.url}/v1/photos`, {
        method: 'POST',
        body: photoForm(photo),
        headers: { authorization: alice.authorization },
      })

    expect([(await form()).status, (await form()).status]).toEqual([201, 429])
  })
})

describe('a limit of bytes a day', () => {
  test('refuses what would go past it, by its length before its body, and takes what still fits', async () => {
    const large = await noisyJpeg({ width: 300, height: 200 })
    const alice = await newCaller({ bytesPerDay: large.length + photo.length })
    const send = async (bytes: Buffer, headers: Fields = {}) =>
      await alice.ask('/v1/photos', { method: 'POST', body: new Uint8Array(bytes), headers })

    const first = await send(large)
    const tooMuch = await send(large)
    const fits = await send(photo)

    expect([first, tooMuch, fits].map(({ status }) => status)).toEqual([201, 429, 201])
    expect(tooMuch.headers.get('ratelimit')).toMatch(new RegExp(`^"bytes";r=${photo.length};t=\\d+$`))
    expect(tooMuch.headers.get('ratelimit-policy')).toMatch(/;qu="content-bytes"$/)
    expect((await alice.today()).bytes).toEqual({
      used: large.length + photo.length,
      limit: large.length + photo.length,
      left: 0,
    })
  })

  test('holds also for a body whose length nobody announced', async () => {
    const alice = await newCaller({ bytesPerDay: photo.length - 1 })
    const body = new Blob([new Uint8Array(photo)]).stream()

    const reply = await alice.ask('/v1/photos', { method: 'POST', body, duplex: 'half' } as RequestInit)

    expect(reply.status).toBe(429)
    expect(await alice.photos()).toBe(0)
    expect((await alice.today()).bytes.used).toBe(0)
  })
})

describe('GET /v1/me', () => {
  test('says who asks, and that nothing is counted where nothing is limited', async () => {
    const alice = await newCaller({})
    await alice.post()

    const reply = await alice.ask('/v1/me')

    expect(reply.status).toBe(200)
    expect(reply.headers.has('ratelimit')).toBe(false)
    const none = { used: null, limit: null, left: null }
    expect(await reply.json()).toEqual({
      owner: alice.owner,
      role: null,
      today: { photos: none, bytes: none, resetsAt: expect.stringMatching(/T00:00:00.000Z$/) },
    })
  })

  test('tells of an operator’s role, and in its headers what is left', async () => {
    const operator = await newCaller({ role: 'operator', photosPerDay: 5 })
    await operator.post()

    const reply = await operator.ask('/v1/me')

    expect(reply.headers.get('ratelimit')).toMatch(/^"photos";r=4;t=\d+$/)
    expect(await reply.json()).toMatchObject({
      role: 'operator',
      today: {
        photos: { used: 1, limit: 5, left: 4 },
        bytes: { used: photo.length, limit: null, left: null },
      },
    })
  })
})

test('of a photo that is deleted the day still knows', async () => {
  const alice = await newCaller({ photosPerDay: 1 })
  const { id } = (await (await alice.post()).json()) as { id: string }
  await alice.ask(`/v1/photos/${id}`, { method: 'DELETE' })

  expect((await alice.post()).status).toBe(429)
})
