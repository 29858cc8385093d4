import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { neighbourOf } from './support/owners.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { expectProblem, rawRequest } from './support/problems.ts'
import { exchange, type RawReply } from './support/raw-http.ts'
import type { TestService } from './support/service.ts'
import { startTwoServers } from './support/two-servers.ts'
import { authorization, digestOf, reserveIds, type Service, sendBytes } from './support/uploads.ts'

let one: TestService
/** Another server on the same engines. */
let other: Service
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  ;({ one, other } = opened.use(await startTwoServers()))
})
afterAll(async () => await opened.disposeAsync())

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const put = async (
  id: PhotoId,
  photo: Buffer,
  { service = one, ...more }: { service?: Service; headers?: Record<string, string>; owner?: string } = {},
) => await sendBytes(service, photo, { method: 'PUT', path: `/v1/photos/${id}`, ...more })
const told = async (reply: Response) => [reply.status, ((await reply.json()) as { code?: string }).code]

/** The bytes that are kept as the original of the photo, which its row tells of. */
async function keptOf(id: PhotoId): Promise<Buffer> {
  const photo = await one.catalog.photos.find(id)
  return await one.store.read(originalKey(id, photo?.original.format ?? 'jpeg'))
}

describe('POST /v1/ids', () => {
  test('gives ids of the owner’s, in their order, for a day', async () => {
    const reply = await fetch(`${one.url}/v1/ids`, {
      method: 'POST',
      body: '{"count":100}',
      headers: { ...(await authorization(one)), 'content-type': 'application/json' },
    })

    expect(reply.status).toBe(201)
    const { ids, expiresAt } = (await reply.json()) as { ids: PhotoId[]; expiresAt: string }
    expect(new Set(ids).size).toBe(100)
    expect(ids.toSorted()).toEqual(ids)
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 24 * 3_600_000)).toBeLessThan(60_000)
  })

  test.each(['{}', '{"count":0}', '{"count":101}', '{"count":"1"}', '{"count":1.5}'])(
    'refuses %s',
    async (body) => {
      const reply = await fetch(`${one.url}/v1/ids`, {
        method: 'POST',
        body,
        headers: { ...(await authorization(one)), 'content-type': 'application/json' },
      })

      expect(await told(reply)).toEqual([400, 'invalid_field'])
    },
  )
})

describe('PUT /v1/photos/:id', () => {
  test('takes a photo in under its id, and is 200 with the same photo when it is repeated, at any server', async () => {
    const [id] = await reserveIds(one, 1)
    const photo = await fixture('plain.jpg')

    const first = await put(id, photo)
    const again = await put(id, photo, { service: other })

    expect([first.status, again.status]).toEqual([201, 200])
    expect(await first.json()).toMatchObject({
      id,
      status: 'processing',
      original: { sha256: sha256(photo) },
    })
    expect(await again.json()).toMatchObject({ id, original: { sha256: sha256(photo) } })
    expect(again.headers.get('location')).toBe(`/v1/photos/${id}`)
    expect(await one.queue.state({ kind: 'resize', photoId: id })).toEqual({ name: 'pending' })
  })

  test('is 409 with other bytes, and keeps those that it has', async () => {
    const [id] = await reserveIds(one, 1)
    const photo = await fixture('plain.jpg')
    await put(id, photo)

    for (const bytes of [await noisyJpeg({ width: 40, height: 30 }), photo.subarray(0, -1), Buffer.from('x')])
      expect(await told(await put(id, bytes, { service: other }))).toEqual([409, 'id_taken'])

    expect(await keptOf(id)).toEqual(photo)
  })

  test('gives two that arrive at once at two servers one photo when they are the same, and one of them when not', async () => {
    const [jpeg, png] = [await fixture('plain.jpg'), await fixture('alpha.png')]
    const another = await noisyJpeg({ width: 300, height: 200 })
    const same: number[][] = []
    for (const [a, b] of [
      [jpeg, jpeg],
      [jpeg, another],
      [jpeg, png],
    ] as const) {
      for (const id of await reserveIds(one, 5)) {
        const replies = await Promise.all([put(id, a), put(id, b, { service: other })])

        const statuses = replies.map(({ status }) => status)
        if (a === b) same.push(statuses.toSorted())
        else expect(statuses.toSorted()).toEqual([201, 409])
        const winner = statuses[0] === 201 || a === b ? a : b
        expect(await keptOf(id)).toEqual(winner)
        expect((await one.catalog.photos.find(id))?.original.sha256).toBe(sha256(winner))
      }
    }
    expect(same).toEqual(same.map(() => [200, 201]))
  })

  test('knows the id for its owner alone', async () => {
    const [id] = await reserveIds(one, 1)
    const [stranger, neighbour] = ['bob', neighbourOf('alice')]
    const photo = await fixture('plain.jpg')
    const old = String((BigInt(id) & ~0x3ffn) | 1023n) as PhotoId

    expect(await told(await put(id, photo, { owner: stranger }))).toEqual([404, 'id_unknown'])
    expect(await told(await put(id, photo, { owner: neighbour }))).toEqual([404, 'id_unknown'])
    expect(await told(await put(old, photo))).toEqual([404, 'id_unknown'])
    expect((await put(id, photo)).status).toBe(201)
    expect(await told(await put(id, photo, { owner: neighbour }))).toEqual([404, 'id_unknown'])
    expect(await told(await put('abc' as PhotoId, photo))).toEqual([400, 'invalid_photo_id'])
  })

  test('does not take an id again whose photo was deleted, nor when nothing is left of it', async () => {
    const [id] = await reserveIds(one, 1)
    const photo = await fixture('plain.jpg')
    await put(id, photo)
    await fetch(`${one.url}/v1/photos/${id}`, { method: 'DELETE', headers: await authorization(one) })

    expect(await told(await put(id, photo))).toEqual([410, 'photo_deleted'])
    await one.catalog.removals.forget([id])
    expect(await told(await put(id, photo))).toEqual([404, 'id_unknown'])
  })

  test('takes fields in its query, and leaves them as they were when it is repeated', async () => {
    const [id] = await reserveIds(one, 1)
    const photo = await fixture('plain.jpg')
    const ask = async (query: string) =>
      await sendBytes(one, photo, { method: 'PUT', path: `/v1/photos/${id}?${query}` })

    const first = await ask('filter=mono&strength=0.5&visibility=private&alt=a%20boat')
    const again = await ask('filter=dusk')

    const fields = { filter: 'mono', strength: 0.5, visibility: 'private', alt: 'a boat' }
    expect(await first.json()).toMatchObject(fields)
    expect(await again.json()).toMatchObject(fields)
  })

  test('refuses a form', async () => {
    const [id] = await reserveIds(one, 1)

    const reply = await put(id, Buffer.from('x'), { headers: { 'content-type': 'multipart/form-data' } })

    expect(await told(reply)).toEqual([415, 'unsupported_media_type'])
  })

  test.each([1, 1400, 65_536])('takes pieces of %i bytes, also of a repeat', async (pieceBytes) => {
    const [id] = await reserveIds(one, 1)
    const jpeg = await noisyJpeg({ width: 1600, height: 1200 })
    const photo = jpeg.subarray(0, pieceBytes === 1 ? 6_000 : jpeg.length)
    const head = ['Content-Type: image/jpeg', `Content-Length: ${photo.length}`, 'Connection: close']
    const request = Buffer.from(await rawRequest(one, `PUT /v1/photos/${id} HTTP/1.1`, head))

    const statuses: (number | undefined)[] = []
    for (const service of [one, other, one]) {
      const [reply] = await exchange(service.url, Buffer.concat([request, photo]), pieceBytes)
      statuses.push(reply?.status)
    }

    expect(statuses).toEqual([201, 200, 200])
    expect(await keptOf(id)).toEqual(photo)
  })
})

describe('Content-Digest', () => {
  const algorithms = ['sha-256', 'sha-512'] as const

  test.each(algorithms)(
    'by %s: what came is taken in, what is something else is not kept',
    async (algorithm) => {
      const photo = await noisyJpeg({ width: 320, height: 200 }, algorithm.length)
      const before = await Array.fromAsync(one.store.list('originals/'))
      const altered = Buffer.from(photo).fill(0, 1000, 1001)

      const headers = { 'content-digest': digestOf(photo, algorithm) }
      const bad = await sendBytes(one, altered, { headers })
      const [id] = await reserveIds(one, 1)
      const badPut = await put(id, altered, { headers })
      const after = await Array.fromAsync(one.store.list('originals/'))
      const good = await put(id, photo, { headers })

      expect(await told(bad)).toEqual([400, 'digest_mismatch'])
      expect(await told(badPut)).toEqual([400, 'digest_mismatch'])
      expect(after).toEqual(before)
      expect(good.status).toBe(201)
    },
  )

  test('of a form is of all of it', async () => {
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(await fixture('plain.jpg'))]), 'a.jpg')
    const whole = new Response(form)
    const type = whole.headers.get('content-type') as string
    const body = Buffer.from(await whole.arrayBuffer())
    const send = async (digest: string) =>
      await sendBytes(one, body, { headers: { 'content-type': type, 'content-digest': digest } })

    expect((await send(digestOf(body))).status).toBe(201)
    expect(await told(await send(digestOf(Buffer.from('x'))))).toEqual([400, 'digest_mismatch'])
  })

  test('is not looked at by an algorithm that is not known, and refused where it is none', async () => {
    const photo = await fixture('plain.jpg')
    const send = async (digest: string) =>
      await sendBytes(one, photo, { headers: { 'content-digest': digest } })
    const good = digestOf(photo)

    for (const digest of ['md5=:AAAA:', `md5=:AAAA:, ${good}`, `${good};x=1`, `sha=1, ${good}`])
      expect([digest, (await send(digest)).status]).toEqual([digest, 201])
    for (const digest of ['x y', 'sha-256', 'sha-256=AAAA', 'sha-256=:AAAA:', 'sha-256=:!:', `${good},`])
      expect([digest, ...(await told(await send(digest)))]).toEqual([digest, 400, 'invalid_digest'])
  })

  test('answers a repeat before its body: who waits for "100 Continue" sends none', async () => {
    const [id] = await reserveIds(one, 1)
    const photo = await fixture('plain.jpg')
    const ask = async (bytes: Buffer) => {
      const head = [
        'Content-Type: image/jpeg',
        `Content-Digest: ${digestOf(bytes)}`,
        `Content-Length: ${photo.length}`,
        'Expect: 100-continue',
      ]
      return await exchange(other.url, await rawRequest(one, `PUT /v1/photos/${id} HTTP/1.1`, head))
    }
    await put(id, photo)

    const [known] = await ask(photo)
    const [taken] = await ask(Buffer.from('x'))

    expect(known?.status).toBe(200)
    expect(known?.headers.get('connection')).toBe('close')
    expect((JSON.parse(known?.body ?? '') as PhotoReply).id).toBe(id)
    expectProblem(taken as RawReply, [409, 'id_taken'])
  })

  test('answers a repeat at once, and takes what is sent all the same, on a connection that stays', async () => {
    const [id] = await reserveIds(one, 1)
    const photo = await noisyJpeg({ width: 1600, height: 1200 })
    const headers = { 'content-digest': digestOf(photo) }
    await put(id, photo, { headers })
    const { hostname, port } = new URL(one.url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const head = [
      'Content-Type: image/jpeg',
      `Content-Digest: ${headers['content-digest']}`,
      `Content-Length: ${photo.length}`,
    ]
    socket.write(await rawRequest(one, `PUT /v1/photos/${id} HTTP/1.1`, head))
    socket.write(photo.subarray(0, 1000))

    const reply = await new Promise<string>((resolve) =>
      socket.once('data', (bytes) => resolve(String(bytes))),
    )
    socket.write(photo.subarray(1000))
    socket.write('GET /v1/presets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const next = await text(socket)

    expect(reply).toMatch(/^HTTP\/1.1 200 /)
    expect(next).toMatch(/HTTP\/1.1 200 OK\r\n/)
  })
})
