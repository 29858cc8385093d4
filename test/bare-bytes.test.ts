import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { bytesBeingWritten } from './support/being-written.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { expectProblem, rawRequest, sharedService } from './support/problems.ts'
import { exchange, type RawReply } from './support/raw-http.ts'
import { photoForm, postForm, sendBytes } from './support/uploads.ts'

const shared = sharedService()

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

describe('POST /v1/photos with the bare bytes of a photo', () => {
  test.each(['image/jpeg', 'image/heic', 'IMAGE/X-UNHEARD-OF', 'application/octet-stream'])(
    'takes it in as %s, by what its bytes are',
    async (type) => {
      const photo = await fixture('plain.jpg')

      const reply = await sendBytes(shared(), photo, { headers: { 'content-type': type } })

      expect(reply.status).toBe(201)
      const { id, original } = (await reply.json()) as PhotoReply
      expect(original).toMatchObject({ format: 'jpeg', bytes: photo.length, sha256: sha256(photo) })
      expect(reply.headers.get('location')).toBe(`/v1/photos/${id}`)
    },
  )

  test('has the fields of a form in its query, beside what is wished for in the reply', async () => {
    const fields = new URLSearchParams({
      ...{ filter: 'mono', strength: '0.5', visibility: 'private', focus: '0.25,0.75', alt: 'Łódź & 🛶' },
      urls: 'parts',
    })

    const reply = await sendBytes(shared(), await fixture('plain.jpg'), { path: `/v1/photos?${fields}` })

    expect(reply.status).toBe(201)
    expect(await reply.json()).toMatchObject({
      ...{ filter: 'mono', strength: 0.5, visibility: 'private', alt: 'Łódź & 🛶' },
      focus: { x: 0.25, y: 0.75 },
    })
  })

  test.each([
    ['a filter that is none', 'filter=no-such'],
    ['a strength of no filter', 'strength=0.5'],
    ['a field that is none', 'colour=red'],
    ['a field that came twice', 'alt=a&alt=b'],
  ])('refuses %s before the body has come', async (_what, query) => {
    const head = ['Content-Type: image/jpeg', 'Content-Length: 1000000', 'Expect: 100-continue']
    const request = await rawRequest(shared(), `POST /v1/photos?${query} HTTP/1.1`, head)

    const [reply] = await exchange(shared().url, request)

    expectProblem(reply as RawReply, [400, 'invalid_field'])
  })

  test('refuses fields in the query of a form, which has its own', async () => {
    const form = photoForm(await fixture('plain.jpg'))

    const reply = await fetch(`${shared().url}/v1/photos?visibility=private`, {
      method: 'POST',
      body: form,
      headers: { authorization: `Bearer ${await shared().token('alice')}` },
    })

    expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([400, 'invalid_field'])
    expect((await postForm(shared(), form)).status).toBe(201)
  })

  test.each<[string, string, string | null, [number, string]]>([
    ['nothing', '', 'image/jpeg', [400, 'empty_file']],
    ['no picture', 'nonsense', 'image/jpeg', [415, 'unsupported_format']],
    ['no declared type', 'nonsense', null, [415, 'unsupported_media_type']],
    ['a form of another kind', 'a=b', 'application/x-www-form-urlencoded', [415, 'unsupported_media_type']],
  ])('refuses %s', async (_what, body, type, wanted) => {
    const head = [...(type ? [`Content-Type: ${type}`] : []), `Content-Length: ${body.length}`]
    const request = await rawRequest(
      shared(),
      'POST /v1/photos HTTP/1.1',
      [...head, 'Connection: close'],
      body,
    )

    const [reply] = await exchange(shared().url, request)

    expectProblem(reply as RawReply, wanted)
  })

  test('tells a client that goes on sending why it was refused, and keeps nothing', async () => {
    const before = await Array.fromAsync(shared().store.list('originals/'))

    const reply = await sendBytes(shared(), Buffer.alloc(20_000_000, 'x'))

    expect(reply.status).toBe(415)
    expect(await Array.fromAsync(shared().store.list('originals/'))).toEqual(before)
  })

  test.each([1, 1400, 65_536])('takes it in pieces of %i bytes', async (pieceBytes) => {
    const jpeg = await noisyJpeg({ width: 1600, height: 1200 })
    expect(jpeg.length).toBeGreaterThan(2 * 65_536)
    // As many single bytes as tell the format, and then some.
    const photo = jpeg.subarray(0, pieceBytes === 1 ? 6_000 : jpeg.length)
    const head = ['Content-Type: image/heic', `Content-Length: ${photo.length}`, 'Connection: close']
    const request = Buffer.from(await rawRequest(shared(), 'POST /v1/photos HTTP/1.1', head))

    const [reply] = await exchange(shared().url, Buffer.concat([request, photo]), pieceBytes)

    expect(reply?.status).toBe(201)
    expect((JSON.parse(reply?.body ?? '') as PhotoReply).original.sha256).toBe(sha256(photo))
  })

  test('keeps nothing of a client that hangs up half-way', async () => {
    const before = await Array.fromAsync(shared().store.list('originals/'))
    const head = ['Content-Type: image/jpeg', 'Content-Length: 1000000']
    const { hostname, port } = new URL(shared().url)
    const socket = connect(Number(port), hostname)
    socket.write(await rawRequest(shared(), 'POST /v1/photos HTTP/1.1', head))
    socket.write(await noisyJpeg({ width: 400, height: 300 }))
    await expect.poll(() => bytesBeingWritten(shared())).toBeGreaterThan(0)

    socket.destroy()

    await expect.poll(() => bytesBeingWritten(shared())).toBeNull()
    expect(await Array.fromAsync(shared().store.list('originals/'))).toEqual(before)
  })
})
