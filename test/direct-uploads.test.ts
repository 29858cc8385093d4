import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { createComplete } from '../src/ingest/direct-uploads.ts'
import { createIngest } from '../src/ingest/ingest.ts'
import { NO_DAILY_LIMITS } from '../src/photo/daily-limits.ts'
import { incomingKey, originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { deleteIncoming } from '../src/sweep/incoming.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { openTestBucket } from './support/s3.ts'
import { silentLog, type TestService } from './support/service.ts'
import { startTwoServers } from './support/two-servers.ts'
import { authorization, type Fields, reserveIds, type Service, sendBytes } from './support/uploads.ts'

type Direct = { id: PhotoId; method: 'PUT'; url: string; headers: Fields; expiresAt: string }

const STORES = [
  { name: 'the server itself, for a folder', s3: null },
  ...(inject('s3') ? [{ name: 'Ceph', s3: inject('s3') }] : []),
  ...(inject('otherS3') ? [{ name: 'Versity', s3: inject('otherS3') }] : []),
]
const DAY_MS = 24 * 3_600_000
const alice = 'alice' as OwnerId

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const told = async (reply: Response) => [reply.status, ((await reply.json()) as { code?: string }).code]

describe.each(STORES)('uploads straight into the store: $name', ({ s3 }) => {
  let one: TestService
  let other: Service
  let photo: Buffer
  const opened = new AsyncDisposableStack()

  beforeAll(async () => {
    const bucket = s3 && opened.use(await openTestBucket({ s3 }))
    ;({ one, other } = opened.use(await startTwoServers(bucket ? { STORAGE_URL: bucket.url } : {})))
    photo = await fixture('plain.jpg')
  })
  afterAll(async () => await opened.disposeAsync())

  const ask = async (
    body: object,
    { headers = {}, owner = 'alice' }: { headers?: Fields; owner?: string } = {},
  ) =>
    await fetch(`${one.url}/v1/direct-uploads`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { ...(await authorization(one, owner)), 'content-type': 'application/json', ...headers },
    })
  const begin = async (more: object = {}, options: Parameters<typeof ask>[1] = {}) =>
    (await (await ask({ bytes: photo.length, type: 'image/jpeg', ...more }, options)).json()) as Direct
  const put = async ({ url, method, headers }: Direct, bytes: Buffer = photo, more: Fields = {}) =>
    await fetch(url, { method, body: new Uint8Array(bytes), headers: { ...headers, ...more } })
  const complete = async (
    { id }: Pick<Direct, 'id'>,
    {
      service = one,
      owner = 'alice',
      query = '',
    }: { service?: Service; owner?: string; query?: string } = {},
  ) =>
    await fetch(`${service.url}/v1/direct-uploads/${id}/complete${query}`, {
      method: 'POST',
      headers: await authorization(one, owner),
    })
  const keysOf = async ({ id }: Pick<Direct, 'id'>) => {
    const keys = [
      ...(await Array.fromAsync(one.store.list('incoming/'))),
      ...(await Array.fromAsync(one.store.list('originals/'))),
    ]
    return keys.filter((key) => key.includes(id))
  }

  test('what is put and completed is a photo as it was described, and completed again the same', async () => {
    const direct = await begin({ visibility: 'private', alt: 'a boat', filter: 'mono', focus: '0.5,0.25' })

    const sent = await put(direct)
    const before = await one.catalog.photos.find(direct.id)
    const first = await complete(direct)
    const again = await complete(direct, { service: other })

    expect([sent.status, first.status, again.status]).toEqual([200, 201, 200])
    expect(before).toBeNull()
    expect(first.headers.get('location')).toBe(`/v1/photos/${direct.id}`)
    const made = (await first.json()) as PhotoReply
    expect(made).toMatchObject({
      ...{ id: direct.id, status: 'processing', visibility: 'private', alt: 'a boat', filter: 'mono' },
      focus: { x: 0.5, y: 0.25 },
      original: { format: 'jpeg', bytes: photo.length, sha256: sha256(photo) },
    })
    expect(await again.json()).toEqual(made)
    expect(await keysOf(direct)).toEqual([originalKey(direct.id, 'jpeg')])
    expect(await one.store.read(originalKey(direct.id, 'jpeg'))).toEqual(photo)
  })

  test('completed by two servers at once it is one photo', async () => {
    const direct = await begin()
    await put(direct)

    const replies = await Promise.all([complete(direct), complete(direct, { service: other })])

    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 201])
    expect(await keysOf(direct)).toEqual([originalKey(direct.id, 'jpeg')])
  })

  test('the URL takes so many bytes of that type, until it expires, and for nothing else', async () => {
    const direct = await begin()
    const other = await begin()
    const elsewhere = { ...direct, url: direct.url.replace(direct.id, other.id) }

    const refused = await Promise.all([
      put(direct, Buffer.concat([photo, photo])),
      put(direct, photo.subarray(1)),
      put(direct, photo, { 'content-type': 'image/png' }),
      put(elsewhere),
    ])

    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect(await told(await complete(direct))).toEqual([409, 'bytes_missing'])
    expect(await keysOf(direct)).toEqual([])
    expect(Math.abs(Date.parse(direct.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000)
  })

  test.each([
    ['other files', 'unsupported_format', 415, async () => await fixture('text.jpg'), {}],
    [
      'other bytes than were named',
      'digest_mismatch',
      400,
      async () => await noisyJpeg({ width: 40, height: 30 }),
      { sha256: '0'.repeat(64) },
    ],
  ] as const)(
    '%s are %s, and nothing is kept of them; the right ones can follow',
    async (_what, code, status, read, more) => {
      const bytes = await read()
      const direct = await begin({ bytes: bytes.length, ...more })
      // Past a server that looks at the checksum itself.
      await one.store.put(incomingKey(direct.id), bytes, { contentType: 'image/jpeg' })

      expect(await told(await complete(direct))).toEqual([status, code])
      expect(await keysOf(direct)).toEqual([])
      expect(await told(await complete(direct))).toEqual([409, 'bytes_missing'])
    },
  )

  test('more or fewer bytes than were announced are refused, however they came', async () => {
    for (const bytes of [photo.subarray(0, -1), Buffer.concat([photo, photo])]) {
      const direct = await begin()
      await one.store.put(incomingKey(direct.id), bytes, { contentType: 'image/jpeg' })

      expect(await told(await complete(direct))).toEqual([400, 'wrong_size'])
      expect(await keysOf(direct)).toEqual([])
      await put(direct)
      expect((await complete(direct)).status).toBe(201)
    }
  })

  test('whoever puts other bytes later changes nothing, before and after the photo is there', async () => {
    const altered = Buffer.concat([photo.subarray(0, -10), Buffer.alloc(10)])
    const direct = await begin()
    await put(direct)
    // Read by one, replaced before it is kept: what was read is what is kept.
    const engines = { catalog: one.catalog, queue: one.queue, log: silentLog, maxUploadBytes: 1e8 }
    const store = Object.assign(Object.create(one.store), {
      open: async (key: string) => {
        const body = await one.store.open(key)
        await put(direct, altered)
        return body
      },
      put: one.store.put.bind(one.store),
      delete: async () => {},
    })
    const ingest = createIngest({ ...engines, store, interrupt: new AbortController().signal })
    const ended = await createComplete({ ...engines, store, ingest })({
      ...{ owner: alice, id: direct.id, trace: null, limits: NO_DAILY_LIMITS },
    })

    expect(ended).toMatchObject({ isNew: true, photo: { original: { sha256: sha256(photo) } } })
    expect((await complete(direct)).status).toBe(200)
    expect(await one.store.read(originalKey(direct.id, 'jpeg'))).toEqual(photo)
  })

  test('an Idempotency-Key gives the same upload again, with a URL that is good', async () => {
    const headers = { 'idempotency-key': `"${Math.random()}"` }
    const first = await begin({}, { headers })
    const again = await ask({ bytes: photo.length, type: 'image/jpeg' }, { headers })
    const otherwise = await ask({ bytes: photo.length, type: 'image/png' }, { headers })

    const second = (await again.json()) as Direct
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(second.id).toBe(first.id)
    expect(await told(otherwise)).toEqual([422, 'idempotency_key_reused'])
    expect((await put(second)).status).toBe(200)
    expect((await complete(first)).status).toBe(201)
  })

  test('half a character in a text is replaced, as everywhere', async () => {
    const direct = await begin({ alt: 'a boat \ud800' })
    await put(direct)

    expect(await (await complete(direct)).json()).toMatchObject({ alt: 'a boat \ufffd' })
  })

  test('where the store can’t be reached, the id takes the photo by PUT, too', async () => {
    const direct = await begin()

    const sent = await sendBytes(one, photo, { method: 'PUT', path: `/v1/photos/${direct.id}` })

    expect(sent.status).toBe(201)
    expect((await complete(direct)).status).toBe(200)
  })

  test('is its owner’s alone, and what was never begun is unknown', async () => {
    const direct = await begin()
    await put(direct)
    const [id] = await reserveIds(one, 1)

    expect(await told(await complete(direct, { owner: 'bob' }))).toEqual([404, 'direct_upload_unknown'])
    expect(await told(await complete({ id }))).toEqual([404, 'direct_upload_unknown'])
    expect((await complete(direct)).status).toBe(201)
  })

  test('what is never completed is deleted with what else is nobody’s, an hour after its day, and no other key', async () => {
    const direct = await begin()
    await put(direct)
    const strange = ['incoming/1403/1', `incoming/7/${direct.id}`, 'incoming/a.jpg']
    for (const key of strange) await one.store.put(key, Buffer.from('x'), { contentType: 'image/jpeg' })

    const early = await deleteIncoming(one, silentLog, new Date(Date.now() + DAY_MS))
    const late = await deleteIncoming(one, silentLog, new Date(Date.now() + DAY_MS + 3_700_000))

    expect(early).toBe(0)
    expect(late).toBeGreaterThan(0)
    expect((await Array.fromAsync(one.store.list('incoming/'))).toSorted()).toEqual(strange.toSorted())
    await one.store.delete(strange)
  })

  test('counts in its owner’s day when it is completed, once', async () => {
    const owner = `owner-${s3?.STORAGE_URL?.length ?? 0}` as OwnerId
    const id = await begin({}, { owner })
    await put(id)
    const limits = { photos: 1, bytes: null }
    const engines = {
      catalog: one.catalog,
      queue: one.queue,
      store: one.store,
      log: silentLog,
      maxUploadBytes: 1e8,
    }
    const ingest = createIngest({ ...engines, interrupt: new AbortController().signal })
    const end = createComplete({ ...engines, ingest })

    await end({ owner, id: id.id, trace: null, limits })
    await end({ owner, id: id.id, trace: null, limits })
    const next = await begin({}, { owner })
    await put(next)

    await expect(end({ owner, id: next.id, trace: null, limits })).rejects.toMatchObject({
      code: 'daily_limit_reached',
    })
    expect((await one.catalog.dailyUses.of(owner)).photos).toBe(1)
    // It may be completed tomorrow.
    expect(await keysOf(next)).toEqual([incomingKey(next.id)])
  })
})

describe('POST /v1/direct-uploads', () => {
  let one: TestService
  const opened = new AsyncDisposableStack()
  beforeAll(async () => {
    ;({ one } = opened.use(
      await startTwoServers({ MAX_UPLOAD_BYTES: '1000000', OWNER_BYTES_PER_DAY: '500000' }),
    ))
  })
  afterAll(async () => await opened.disposeAsync())
  const ask = async (body: object) =>
    await fetch(`${one.url}/v1/direct-uploads`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { ...(await authorization(one)), 'content-type': 'application/json' },
    })

  test.each([
    [{}, 400, 'invalid_field'],
    [{ bytes: 0, type: 'image/jpeg' }, 400, 'invalid_field'],
    [{ bytes: 10, type: 'text/html' }, 400, 'invalid_field'],
    [{ bytes: 10, type: 'image/jpeg', sha256: 'ab' }, 400, 'invalid_field'],
    [{ bytes: 10, type: 'image/jpeg', strength: 1 }, 400, 'invalid_field'],
    [{ bytes: 10, type: 'image/jpeg', colour: 'red' }, 400, 'invalid_field'],
    [{ bytes: 1_000_001, type: 'image/jpeg' }, 413, 'photo_too_large'],
    [{ bytes: 500_001, type: 'image/jpeg' }, 429, 'daily_limit_reached'],
  ])('refuses %j', async (body, status, code) => {
    expect(await told(await ask(body))).toEqual([status, code])
  })

  test('of what the server takes itself, nothing is kept that does not come whole or too late', async () => {
    const bytes = (await fixture('plain.jpg')).length
    const direct = (await (await ask({ bytes, type: 'image/jpeg' })).json()) as Direct
    const { hostname, port, pathname, search } = new URL(direct.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `PUT ${pathname}${search} HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: ${bytes}\r\n\r\nabc`,
    )
    socket.end()
    await text(socket)
    const late = direct.url.replace(/expires=\d+/, `expires=${Date.now() - 1}`)

    expect(await Array.fromAsync(one.store.list('incoming/'))).toEqual([])
    await expect.poll(async () => await readdir(join(one.config.home, 'objects/tmp'))).toEqual([])
    expect(await told(await fetch(late, { method: 'PUT', body: 'abc', headers: direct.headers }))).toEqual([
      403,
      'invalid_grant',
    ])
  })
})
