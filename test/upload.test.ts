import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { bytesBeingWritten } from './support/being-written.ts'
import { fixture, largePhotos, noisyJpeg } from './support/pictures.ts'
import { startService, type TestService } from './support/service.ts'
import { type Fields, openUpload, photoForm, postForm } from './support/uploads.ts'

async function originalsOf(service: TestService): Promise<string[]> {
  return await Array.fromAsync(service.store.list('originals/'))
}

async function expectNothingKept(service: TestService): Promise<void> {
  expect(await originalsOf(service)).toEqual([])
  expect(await service.database.query('select id from photos')).toEqual([])
  expect(await service.queue.counts()).toMatchObject({ waiting: 0, active: 0, delayed: 0 })
}

async function expectProblem(reply: Response, status: number, code: string): Promise<void> {
  expect(reply.headers.get('content-type')).toContain('application/problem+json')
  expect(await reply.json()).toMatchObject({ status, code, type: 'about:blank' })
  expect(reply.status).toBe(status)
}

describe('POST /v1/photos', () => {
  /** All that it is sent is refused, and nothing of it is ever kept. */
  let service: TestService
  const large = largePhotos()

  beforeAll(async () => {
    service = await startService()
  })
  afterAll(async () => await service[Symbol.asyncDispose]())

  test('stores the original, records it as processing and asks for its renditions', async () => {
    await using service = await startService()
    const photo = await fixture('plain.jpg')

    const reply = await postForm(service, photoForm(photo))

    expect(reply.status).toBe(201)
    const { id, ...rest } = (await reply.json()) as PhotoReply
    expect(rest).toMatchObject({
      owner: 'alice',
      status: 'processing',
      visibility: 'public',
      original: {
        format: 'jpeg',
        bytes: photo.length,
        sha256: createHash('sha256').update(photo).digest('hex'),
        width: null,
        height: null,
      },
      renditions: [],
      expiresAt: null,
      failure: null,
    })
    expect(reply.headers.get('location')).toBe(`/v1/photos/${id}`)
    expect(await originalsOf(service)).toEqual([originalKey(id as PhotoId, 'jpeg')])
    expect(await service.queue.state({ kind: 'resize', photoId: id as PhotoId })).toEqual({
      name: 'pending',
    })
    expect(await service.queue.counts()).toMatchObject({ waiting: 1 })
  })

  test('asks for one job, whatever look it is to have, and keeps what the form says', async () => {
    await using service = await startService()

    const fields = {
      filter: 'mono',
      strength: '0.5',
      visibility: 'private',
      focus: '0.25, 0.75',
      alt: 'Łódź 🛶',
    }
    const reply = await postForm(service, photoForm(await fixture('plain.jpg'), fields))

    expect(reply.status).toBe(201)
    const photo = (await reply.json()) as PhotoReply
    expect(photo).toMatchObject({
      filter: 'mono',
      strength: 0.5,
      visibility: 'private',
      focus: { x: 0.25, y: 0.75 },
      alt: 'Łódź 🛶',
    })
    expect(await service.queue.counts()).toMatchObject({ waiting: 1 })
  })

  test('takes a strength of 0 as no look', async () => {
    await using service = await startService()

    const reply = await postForm(
      service,
      photoForm(await fixture('plain.jpg'), { filter: 'mono', strength: '0' }),
    )

    expect(await reply.json()).toMatchObject({ filter: null, strength: null })
    expect(await service.queue.counts()).toMatchObject({ waiting: 1 })
  })

  test('answers when the photo is ready to a client that prefers to wait', async () => {
    await using service = await startService()
    await using _worker = service.work()

    const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=60' })

    expect(reply.headers.get('preference-applied')).toBe('wait=60')
    const photo = (await reply.json()) as PhotoReply
    expect(photo.status).toBe('ready')
    expect(photo.renditions).toHaveLength(5)
  })

  test('answers with what is there when the wait was too short', async () => {
    await using service = await startService()

    const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=1' })

    expect(reply.status).toBe(201)
    expect(await reply.json()).toMatchObject({ status: 'processing' })
  })

  test.each([
    ['a text named photo.jpg', 'text.jpg'],
    ['an SVG', 'drawing.svg'],
  ])('refuses %s by its bytes', async (_what, name) => {
    const reply = await postForm(service, photoForm(await fixture(name)))

    await expectProblem(reply, 415, 'unsupported_format')
    await expectNothingKept(service)
  })

  test('refuses an empty file', async () => {
    const reply = await postForm(service, photoForm(Buffer.alloc(0)))

    await expectProblem(reply, 400, 'empty_file')
    await expectNothingKept(service)
  })

  test('refuses a form without a file', async () => {
    const form = new FormData()
    form.append('visibility', 'public')

    const reply = await postForm(service, form)

    await expectProblem(reply, 400, 'missing_file')
  })

  test('refuses a second file and keeps neither', async () => {
    const form = photoForm(await fixture('plain.jpg'))
    form.append('file', new Blob([new Uint8Array(await fixture('plain.jpg'))]), 'b.jpg')

    const reply = await postForm(service, form)

    await expectProblem(reply, 400, 'too_many_files')
    await expectNothingKept(service)
  })

  test('refuses a field that comes after the file, for it was not heeded', async () => {
    const form = photoForm(await fixture('plain.jpg'))
    form.append('visibility', 'private')

    const reply = await postForm(service, form)

    await expectProblem(reply, 400, 'field_after_file')
    await expectNothingKept(service)
  })

  test.each<[string, Fields]>([
    ['a filter that is none', { filter: 'no-such-filter' }],
    ['a strength of no filter', { strength: '0.5' }],
    ['a strength above 1', { filter: 'mono', strength: '1.5' }],
    ['a strength that is no number', { filter: 'mono', strength: 'NaN' }],
    ['a focus of one number', { focus: '0.5' }],
    ['a focus of three numbers', { focus: '0.5,0.5,0.5' }],
    ['a focus outside the photo', { focus: '-1,2' }],
    ['a visibility that is none', { visibility: 'secret' }],
    ['a field that is none', { colour: 'red' }],
    ['a field that is too long', { filter: 'x'.repeat(100_000) }],
  ])('refuses %s', async (_what, fields) => {
    const reply = await postForm(service, photoForm(await fixture('plain.jpg'), fields))

    await expectProblem(reply, 400, 'invalid_field')
    await expectNothingKept(service)
  })

  test('refuses a body that is no form', async () => {
    const authorization = `Bearer ${await service.token('alice')}`

    const json = await fetch(`${service.url}/v1/photos`, {
      method: 'POST',
      body: '{}',
      headers: { authorization, 'content-type': 'application/json' },
    })
    const none = await fetch(`${service.url}/v1/photos`, { method: 'POST', headers: { authorization } })
    const noBoundary = await fetch(`${service.url}/v1/photos`, {
      method: 'POST',
      body: 'x',
      headers: { authorization, 'content-type': 'multipart/form-data' },
    })

    expect(
      [json.status, none.status, noBoundary.status].every((status) => status >= 400 && status < 500),
    ).toBe(true)
    await expectNothingKept(service)
  })

  // Over a real socket: inject() hands the whole body over at once, which hides every streaming mistake.
  test('refuses a photo past the limit while it flows, keeps none of it and closes the connection', async () => {
    await using service = await startService({ MAX_UPLOAD_BYTES: '1000000' })
    const upload = await openUpload(service)
    await upload.beginFile()
    await upload.send(await noisyJpeg({ width: 400, height: 300 }))

    for (let sent = 0; sent < 20 && !upload.socket.destroyed; sent++) await upload.send(Buffer.alloc(100_000))
    const reply = await upload.closed

    expect(reply).toMatch(/^HTTP\/1.1 413 /)
    expect(reply).toMatch(/\r\nconnection: close\r\n/i)
    expect(reply).toContain('"code":"photo_too_large"')
    await expectNothingKept(service)
  })

  test('lets a client that goes on sending read why it was refused', async () => {
    await using service = await startService({ MAX_UPLOAD_BYTES: '1000000' })
    const photo = Buffer.concat([await fixture('plain.jpg'), Buffer.alloc(20_000_000)])

    const reply = await postForm(service, photoForm(photo))

    await expectProblem(reply, 413, 'photo_too_large')
  })

  test('refuses a client without a token before its body has come, and closes the connection', async () => {
    const upload = await openUpload(service, { token: 'nonsense' })
    await upload.beginFile()

    const reply = await upload.closed

    expect(reply).toMatch(/^HTTP\/1.1 401 /)
    expect(reply).toMatch(/\r\nwww-authenticate: Bearer\r\n/i)
    await expectNothingKept(service)
  })

  test('keeps nothing of a client that hangs up half-way', async () => {
    const upload = await openUpload(service)
    await upload.beginFile()
    await upload.send(await noisyJpeg({ width: 400, height: 300 }))
    await expect.poll(() => bytesBeingWritten(service)).toBeGreaterThan(0)

    upload.socket.destroy()

    await expect.poll(() => bytesBeingWritten(service)).toBeNull()
    await expectNothingKept(service)
  })

  test('keeps nothing of a form that ends in the middle of its file', async () => {
    const upload = await openUpload(service, { connection: 'close' })
    await upload.beginFile()
    await upload.send(await noisyJpeg({ width: 400, height: 300 }))

    upload.socket.write('0\r\n\r\n')
    const reply = await upload.closed

    expect(reply).toMatch(/^HTTP\/1.1 400 /)
    expect(reply).toContain('"code":"invalid_form"')
    await expectNothingKept(service)
  })

  test.each([1, 1400, 65_536])(
    'takes in a photo of any format, cut into pieces of %i bytes on its way',
    { timeout: 60_000 },
    async (pieceBytes) => {
      await using service = await startService()
      for (const [format, photo] of Object.entries(await large)) {
        expect(photo.length).toBeGreaterThan(2 * 65_536)
        const upload = await openUpload(service, { connection: 'close' })
        upload.socket.setNoDelay(true)
        await upload.beginFile()

        for (let at = 0, end = 0; at < photo.length; at = end) {
          // As many single bytes as tell the format, and then some.
          end = at < 6000 ? at + pieceBytes : at + Math.max(pieceBytes, 1400)
          await upload.send(photo.subarray(at, end))
        }
        await upload.end()
        const reply = await upload.closed

        expect(reply).toMatch(/^HTTP\/1.1 201 /)
        expect(reply).toContain(`"format":"${format}"`)
        expect(reply).toContain(createHash('sha256').update(photo).digest('hex'))
      }
    },
  )
})
