import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import { firstIdAt, type PhotoId, shardOf } from '../src/photo/photo-id.ts'
import { bytesBeingWritten } from './support/being-written.ts'
import { neighbourOf } from './support/owners.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { rawRequest } from './support/problems.ts'
import { exchange } from './support/raw-http.ts'
import type { TestService } from './support/service.ts'
import { askTus, beginUpload, metadataOf, offsetOf, patchUpload, photoOf } from './support/tus.ts'
import { startTwoServers } from './support/two-servers.ts'
import { authorization, reserveIds, type Service, sendBytes } from './support/uploads.ts'

let one: TestService
/** Another server on the same engines. */
let other: Service
let photo: Buffer
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  ;({ one, other } = opened.use(await startTwoServers()))
  photo = await noisyJpeg({ width: 800, height: 600 })
})
afterAll(async () => await opened.disposeAsync())

const told = async (reply: Response) => [reply.status, ((await reply.json()) as { code?: string }).code]
const idOf = (path: string) => path.split('/').at(-1) as PhotoId
/** The objects that are kept of an upload. */
const chunksOf = async (path: string) =>
  await Array.fromAsync(one.store.list(`uploads/${shardOf(idOf(path))}/${idOf(path)}-`))
const keptOf = async (id: PhotoId | null) => await one.store.read(originalKey(id as PhotoId, 'jpeg'))

async function photoNamed(reply: Response): Promise<PhotoReply> {
  const path = reply.headers.get('photo-location') as string
  return (await (await fetch(one.url + path, { headers: await authorization(one) })).json()) as PhotoReply
}

describe('an upload in pieces', () => {
  test('to two servers in turn is a photo with its fields, which the last reply names, and nothing is left of it', async () => {
    const fields = {
      filter: 'mono',
      strength: '0.5',
      visibility: 'private',
      focus: '0.25,0.75',
      alt: 'Łódź 🛶',
    }
    const path = await beginUpload(one, photo.length, { fields: { ...fields, filename: 'a.jpg', type: '' } })
    const size = Math.ceil(photo.length / 3)

    const replies: Response[] = []
    for (const [turn, service] of [other, one, other].entries())
      replies.push(
        await patchUpload(service, path, turn * size, photo.subarray(turn * size, (turn + 1) * size)),
      )

    expect(replies.map(({ status }) => status)).toEqual([204, 204, 204])
    const last = replies[2] as Response
    expect(Number(last.headers.get('upload-offset'))).toBe(photo.length)
    expect(replies.map(photoOf)).toEqual([null, null, idOf(path)])
    expect(await photoNamed(last)).toMatchObject({
      ...{
        filter: 'mono',
        strength: 0.5,
        visibility: 'private',
        alt: 'Łódź 🛶',
        focus: { x: 0.25, y: 0.75 },
      },
      original: { bytes: photo.length, sha256: createHash('sha256').update(photo).digest('hex') },
    })
    expect(await keptOf(photoOf(last))).toEqual(photo)
    expect(await chunksOf(path)).toEqual([])
    expect(await one.catalog.uploads.find(photoOf(last) as PhotoId, 'alice' as never)).toBeNull()
  })

  test('tells how far it is, until when it may be gone on with, and of which photo it was', async () => {
    const path = await beginUpload(one, photo.length, { fields: { alt: 'a boat' } })
    await patchUpload(one, path, 0, photo.subarray(0, 5000))

    const open = await askTus(other, 'HEAD', path)
    await patchUpload(other, path, 5000, photo.subarray(5000))
    const over = await askTus(one, 'HEAD', path)

    expect(Object.fromEntries(open.headers)).toMatchObject({
      'tus-resumable': '1.0.0',
      'upload-offset': '5000',
      'upload-length': `${photo.length}`,
      'upload-metadata': metadataOf({ alt: 'a boat' }),
      'cache-control': 'no-store',
    })
    const expires = Date.parse(open.headers.get('upload-expires') as string)
    expect(Math.abs(expires - Date.now() - 24 * 3_600_000)).toBeLessThan(60_000)
    expect([over.status, Number(over.headers.get('upload-offset')), photoOf(over)]).toEqual([
      200,
      photo.length,
      idOf(path),
    ])
  })

  test('that is repeated where it ended, or from where it was, is the same photo', async () => {
    const path = await beginUpload(one, photo.length)
    await patchUpload(one, path, 0, photo.subarray(0, 5000))
    const last = await patchUpload(one, path, 5000, photo.subarray(5000))

    const empty = await patchUpload(other, path, photo.length, Buffer.alloc(0))
    const same = await patchUpload(other, path, 5000, photo.subarray(5000))

    expect([empty.status, photoOf(empty)]).toEqual([204, photoOf(last)])
    expect(photoOf(same)).toBe(photoOf(last))
    expect(await told(same)).toEqual([409, 'upload_offset'])
  })

  test('may be whole with its beginning', async () => {
    const headers = { 'upload-length': `${photo.length}` }

    const reply = await askTus(one, 'POST', '/v1/uploads', { headers, body: photo })

    expect([reply.status, Number(reply.headers.get('upload-offset'))]).toEqual([201, photo.length])
    expect(await keptOf(photoOf(reply))).toEqual(photo)
  })

  test('may tell its length late, even when all has come', async () => {
    const headers = { 'upload-defer-length': '1' }
    const begin = async () => {
      const reply = await askTus(one, 'POST', '/v1/uploads', { headers, body: photo.subarray(0, 5000) })
      return reply.headers.get('location') as string
    }
    const [first, second] = [await begin(), await begin()]
    const length = { 'upload-length': `${photo.length}` }

    const deferred = await askTus(one, 'HEAD', first)
    const withRest = await patchUpload(other, first, 5000, photo.subarray(5000), length)
    await patchUpload(other, second, 5000, photo.subarray(5000))
    const afterAll = await patchUpload(one, second, photo.length, Buffer.alloc(0), length)

    expect(deferred.headers.get('upload-defer-length')).toBe('1')
    for (const reply of [withRest, afterAll]) {
      expect(reply.status).toBe(204)
      expect(await keptOf(photoOf(reply))).toEqual(photo)
    }
    const path = await begin()
    const tooShort = await patchUpload(one, path, 5000, photo.subarray(5000, 6000), {
      'upload-length': '4000',
    })
    expect(await told(tooShort)).toEqual([400, 'invalid_field'])
  })

  test.each([1, 1400, 65_536])('comes in pieces of %i bytes, in a request each or in one', async (bytes) => {
    const whole = photo.subarray(0, bytes === 1 ? 60 : photo.length)
    const [requests, pieces] = [await beginUpload(one, whole.length), await beginUpload(one, whole.length)]

    for (let at = 0, turn = 0; at < whole.length; at += bytes, turn++) {
      const piece = whole.subarray(at, at + bytes)
      const reply = await patchUpload(turn % 2 ? one : other, requests, at, piece)
      expect(reply.status).toBe(204)
      expect((await chunksOf(requests)).length).toBeLessThan(20)
    }
    const head = ['Tus-Resumable: 1.0.0', 'Content-Type: application/offset+octet-stream', 'Upload-Offset: 0']
    const request = Buffer.from(
      await rawRequest(one, `PATCH ${pieces} HTTP/1.1`, [
        ...head,
        `Content-Length: ${whole.length}`,
        'Connection: close',
      ]),
    )
    const [reply] = await exchange(one.url, Buffer.concat([request, whole]), bytes)

    expect(reply?.status).toBe(204)
    for (const path of [requests, pieces]) {
      expect(await keptOf(idOf(path))).toEqual(whole)
      expect(await chunksOf(path)).toEqual([])
    }
  })

  test('under an id of the owner’s begins once, and is the photo of that id', async () => {
    const [id] = await reserveIds(one, 1)
    const path = await beginUpload(one, photo.length, { fields: { id } })
    await patchUpload(one, path, 0, photo.subarray(0, 5000))
    const headers = { 'upload-length': `${photo.length}`, 'upload-metadata': metadataOf({ id }) }
    const again = await askTus(other, 'POST', '/v1/uploads', { headers, body: photo })
    const longer = await askTus(one, 'POST', '/v1/uploads', { headers: { ...headers, 'upload-length': '9' } })
    const strangers = await askTus(one, 'POST', '/v1/uploads', { headers, owner: neighbourOf('alice') })
    await patchUpload(one, path, 5000, photo.subarray(5000))

    expect(path).toBe(`/v1/uploads/${id}`)
    expect([again.status, again.headers.get('location'), again.headers.get('upload-offset')]).toEqual([
      201,
      path,
      '5000',
    ])
    expect(await told(longer)).toEqual([409, 'id_taken'])
    expect(await told(strangers)).toEqual([404, 'id_unknown'])
    expect((await sendBytes(one, photo, { method: 'PUT', path: `/v1/photos/${id}` })).status).toBe(200)
    expect(photoOf(await askTus(one, 'HEAD', path))).toBe(id)
    const over = await askTus(other, 'POST', '/v1/uploads', { headers })
    expect([over.status, over.headers.get('upload-offset'), photoOf(over)]).toEqual([
      201,
      `${photo.length}`,
      id,
    ])
  })

  test('is terminated with all that came, and known to its owner alone', async () => {
    const path = await beginUpload(one, photo.length)
    await patchUpload(one, path, 0, photo.subarray(0, 5000))
    const [stranger, neighbour] = ['bob', neighbourOf('alice')]

    const others: number[] = []
    for (const owner of [stranger, neighbour])
      for (const method of ['HEAD', 'DELETE'])
        others.push((await askTus(one, method, path, { owner })).status)
    const ended = await askTus(other, 'DELETE', path)
    const after = [await askTus(one, 'HEAD', path), await askTus(one, 'DELETE', path)]

    expect(others).toEqual([404, 404, 404, 404])
    expect([ended.status, ...after.map(({ status }) => status)]).toEqual([204, 404, 404])
    expect(await chunksOf(path)).toEqual([])
    expect(await told(await patchUpload(one, path, 5000, photo.subarray(5000)))).toEqual([
      404,
      'upload_not_found',
    ])
  })
})

describe('a connection', () => {
  /** A PATCH of which only the beginning comes, once the server waits for it. */
  async function beginPatch(service: Service, path: string, bytes: Buffer, length: number): Promise<Socket> {
    const { hostname, port } = new URL(service.url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    socket.on('error', () => {})
    const head = [
      ...['Tus-Resumable: 1.0.0', 'Content-Type: application/offset+octet-stream', 'Upload-Offset: 0'],
      `Content-Length: ${length}`,
      'Expect: 100-continue',
    ]
    socket.write(await rawRequest(one, `PATCH ${path} HTTP/1.1`, head))
    await once(socket, 'data')
    await new Promise((sent) => socket.write(bytes, sent))
    // What it has not read when a connection breaks is lost with that.
    await expect.poll(() => bytesBeingWritten(one)).toBe(bytes.length)
    return socket
  }

  test('that breaks leaves what came of it', async () => {
    const path = await beginUpload(one, photo.length)
    const socket = await beginPatch(one, path, photo.subarray(0, 70_000), photo.length)

    socket.destroy()
    await expect.poll(() => offsetOf(other, path)).toBe(70_000)
    const rest = await patchUpload(other, path, 70_000, photo.subarray(70_000))

    expect(await keptOf(photoOf(rest))).toEqual(photo)
  })

  test('that is dead, and nobody knows, is taken over: at once at its server, within seconds at another', async () => {
    for (const service of [one, other]) {
      const path = await beginUpload(one, photo.length)
      const socket = await beginPatch(one, path, photo.subarray(0, 70_000), photo.length)
      const asked = performance.now()
      await expect.poll(() => offsetOf(service, path), { timeout: 10_000 }).toBe(70_000)
      expect(performance.now() - asked).toBeLessThan(8_000)

      const rest = await patchUpload(service, path, 70_000, photo.subarray(70_000))
      // It wakes up, and is told that it is too late.
      socket.write(photo.subarray(70_000))

      expect(await keptOf(photoOf(rest))).toEqual(photo)
      await expect.poll(() => chunksOf(path)).toEqual([])
      socket.destroy()
    }
  })

  test.each([1, 2, 3])(
    'of several that all send from the same place wins, and no byte is mixed up (%i)',
    async () => {
      const path = await beginUpload(one, photo.length)
      const parts = [5_000, 70_000, 90_000, 130_000].filter((end) => end < photo.length)

      for (const end of [...parts, photo.length]) {
        const from = await offsetOf(one, path)
        const sent = [one, other, one, other].map((service, i) =>
          patchUpload(service, path, from, photo.subarray(from, Math.max(from + 1, end - i * 100))).catch(
            () => null,
          ),
        )
        await Promise.all(sent)
      }
      const from = await offsetOf(other, path)
      await patchUpload(one, path, from, photo.subarray(from))

      expect(await keptOf(idOf(path))).toEqual(photo)
      await expect.poll(() => chunksOf(path)).toEqual([])
    },
  )
})

describe('a checksum', () => {
  const sumOf = (algorithm: string, bytes: Buffer) => ({
    'upload-checksum': `${algorithm} ${createHash(algorithm).update(bytes).digest('base64')}`,
  })

  test.each(['sha1', 'sha256', 'sha512'])('by %s: what came altered is not kept', async (algorithm) => {
    const path = await beginUpload(one, photo.length)
    const piece = photo.subarray(0, 5000)
    const altered = Buffer.from(piece).fill(0, 1000, 1001)

    const bad = await patchUpload(one, path, 0, altered, sumOf(algorithm, piece))
    const offset = await offsetOf(one, path)
    const good = await patchUpload(one, path, 0, piece, sumOf(algorithm, piece))

    expect(await told(bad)).toEqual([460, 'checksum_mismatch'])
    expect(offset).toBe(0)
    expect(good.status).toBe(204)
    await askTus(one, 'DELETE', path)
  })

  test('that is none is refused', async () => {
    const path = await beginUpload(one, photo.length)
    for (const header of ['', 'sha1', 'md5 AAAA', 'sha1 AAAA', 'sha256 !']) {
      const reply = await patchUpload(one, path, 0, photo, { 'upload-checksum': header })
      expect([header, ...(await told(reply))]).toEqual([header, 400, 'invalid_field'])
    }
  })
})

describe('what is refused', () => {
  const create = async (headers: Record<string, string>, body?: Buffer) =>
    await told(await askTus(one, 'POST', '/v1/uploads', { headers, ...(body && { body }) }))
  const length = { 'upload-length': '1000' }

  test.each<[string, Record<string, string>, number, string]>([
    ['no length', {}, 400, 'invalid_field'],
    ['two lengths', { ...length, 'upload-defer-length': '1' }, 400, 'invalid_field'],
    ['a length that is none', { 'upload-length': '-1' }, 400, 'invalid_field'],
    ['nothing', { 'upload-length': '0' }, 400, 'empty_file'],
    ['too much', { 'upload-length': '100000001' }, 413, 'photo_too_large'],
    ['metadata that is none', { ...length, 'upload-metadata': 'alt !' }, 400, 'invalid_field'],
    ['the same twice', { ...length, 'upload-metadata': 'alt,alt' }, 400, 'invalid_field'],
    ['what is no UTF-8', { ...length, 'upload-metadata': 'alt /w==' }, 400, 'invalid_field'],
    [
      'a filter that is none',
      { ...length, 'upload-metadata': metadataOf({ filter: 'x' }) },
      400,
      'invalid_field',
    ],
    [
      'an id that is none',
      { ...length, 'upload-metadata': metadataOf({ id: 'x' }) },
      400,
      'invalid_photo_id',
    ],
    [
      'an id of nobody',
      { ...length, 'upload-metadata': metadataOf({ id: firstIdAt(new Date()) }) },
      404,
      'id_unknown',
    ],
    ['parts that come side by side', { ...length, 'upload-concat': 'partial' }, 400, 'invalid_field'],
    ['another tus', { ...length, 'tus-resumable': '0.2.2' }, 412, 'unsupported_tus_version'],
  ])('%s', async (_what, headers, status, code) => {
    expect(await create(headers)).toEqual([status, code])
  })

  test('a file that is no photo, by its first bytes', async () => {
    const text = Buffer.alloc(50_000, 'text ')
    const path = await beginUpload(one, 1_000_000)

    expect(await told(await patchUpload(one, path, 0, text))).toEqual([415, 'unsupported_format'])
    expect(await create({ 'upload-length': '1000000' }, text)).toEqual([415, 'unsupported_format'])
    expect(await offsetOf(one, path)).toBe(0)
  })

  test('more than the length that was told, a body of another type, and another place', async () => {
    const path = await beginUpload(one, 5000)

    expect(await told(await patchUpload(one, path, 0, photo))).toEqual([413, 'photo_too_large'])
    const typed = await patchUpload(one, path, 0, photo, { 'content-type': 'image/jpeg' })
    expect(await told(typed)).toEqual([415, 'unsupported_media_type'])
    expect(await told(await patchUpload(one, path, 7, photo.subarray(7, 5000)))).toEqual([
      409,
      'upload_offset',
    ])
    expect(await offsetOf(one, path)).toBe(0)
  })

  test('every reply names the version, and OPTIONS tells what there is', async () => {
    const refused = await askTus(one, 'HEAD', `/v1/uploads/${firstIdAt(new Date())}`)
    const old = await askTus(one, 'POST', '/v1/uploads', { headers: { 'tus-resumable': '0.1' } })
    const options = await fetch(`${one.url}/v1/uploads`, { method: 'OPTIONS' })

    expect([refused.status, refused.headers.get('tus-resumable')]).toEqual([404, '1.0.0'])
    expect(old.headers.get('tus-version')).toBe('1.0.0')
    expect([options.status, Object.fromEntries(options.headers)]).toMatchObject([
      204,
      {
        'tus-version': '1.0.0',
        'tus-extension':
          'creation,creation-with-upload,creation-defer-length,expiration,termination,checksum',
        'tus-max-size': '100000000',
        'tus-checksum-algorithm': 'sha1,sha256,sha512',
      },
    ])
  })

  test('small files are refused when they are whole, and photos smaller than any header are taken', async () => {
    const small = await fixture('alpha.png')
    const [path, textPath] = [await beginUpload(one, small.length), await beginUpload(one, 5)]

    expect((await patchUpload(one, path, 0, small)).status).toBe(204)
    expect(await told(await patchUpload(one, textPath, 0, Buffer.from('Hello')))).toEqual([
      415,
      'unsupported_format',
    ])
    await askTus(one, 'DELETE', textPath)
  })
})
