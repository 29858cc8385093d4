import { createHash, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import { firstIdAt, type PhotoId } from '../src/photo/photo-id.ts'
import { newSecret } from '../src/photo/secret.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { spentIds } from '../src/sweep/spent-ids.ts'
import { PLAIN } from './support/photos.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { expectProblem, rawRequest } from './support/problems.ts'
import { exchange, type RawReply } from './support/raw-http.ts'
import { silentLog, type TestService } from './support/service.ts'
import { startTwoServers } from './support/two-servers.ts'
import { authorization, digestOf, photoForm, postForm, type Service, sendBytes } from './support/uploads.ts'

let one: TestService
let other: Service
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  ;({ one, other } = opened.use(await startTwoServers()))
})
afterAll(async () => await opened.disposeAsync())

const post = async (
  key: string,
  photo: Buffer,
  { service = one, query = '', owner = 'alice' }: { service?: Service; query?: string; owner?: string } = {},
) =>
  await sendBytes(service, photo, {
    path: `/v1/photos${query}`,
    owner,
    headers: { 'idempotency-key': key },
  })
const postIds = async (key: string, count: number, service: Service = one) =>
  await fetch(`${service.url}/v1/ids`, {
    method: 'POST',
    body: JSON.stringify({ count }),
    headers: {
      ...(await authorization(service)),
      'content-type': 'application/json',
      'idempotency-key': key,
    },
  })
const idOf = async (reply: Response) => ((await reply.json()) as PhotoReply).id
const told = async (reply: Response) => [reply.status, ((await reply.json()) as { code?: string }).code]
const isReplayed = ({ headers }: Response) => headers.get('idempotent-replayed')
const digestHex = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const countPhotos = async () =>
  ((await one.database.query('select count(*)::int as count from photos')) as { count: number }[])[0]?.count
const countOriginals = async () => (await Array.fromAsync(one.store.list('originals/'))).length

/** An upload whose body does not end before it is told to. */
async function openPost(key: string, photo: Buffer) {
  const { hostname, port } = new URL(one.url)
  const socket = connect(Number(port), hostname)
  const head = [
    'Content-Type: image/jpeg',
    `Content-Length: ${photo.length}`,
    `Idempotency-Key: ${key}`,
    'Connection: close',
  ]
  socket.write(await rawRequest(one, 'POST /v1/photos HTTP/1.1', head))
  socket.write(photo.subarray(0, 1000))
  const reply = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))))
  await expect
    .poll(() => one.database.query(`select from idempotency_keys where key = '${key}'`))
    .toHaveLength(1)
  expect(await told(await post(key, photo, { service: other }))).toEqual([409, 'request_in_flight'])
  return { socket, reply, end: () => socket.write(photo.subarray(1000)) }
}

describe('an upload with an Idempotency-Key', () => {
  test('is made once, and a repeat is answered as the first, at any server', async () => {
    const key = randomUUID()
    const photo = await fixture('plain.jpg')
    const before = (await countPhotos()) ?? 0

    const first = await post(key, photo)
    const again = await post(`"${key}"`, photo, { service: other })

    expect([first.status, isReplayed(first)]).toEqual([201, null])
    expect([again.status, isReplayed(again)]).toEqual([201, 'true'])
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(await idOf(again)).toBe(await idOf(first))
    expect(await countPhotos()).toBe(before + 1)
  })

  test('may be a form, or bare bytes with the same fields', async () => {
    const key = randomUUID()
    const photo = await fixture('plain.jpg')

    const first = await postForm(one, photoForm(photo, { alt: 'a boat' }), { 'idempotency-key': key })
    const again = await postForm(other, photoForm(photo, { alt: 'a boat' }), { 'idempotency-key': key })
    const bare = await post(key, photo, { query: '?alt=a%20boat' })

    expect([first, again, bare].map(isReplayed)).toEqual([null, 'true', 'true'])
    const ids = await Promise.all([first, again, bare].map(idOf))
    expect(new Set(ids).size).toBe(1)
  })

  test('is 422 with other bytes, other fields or at another route, and nothing is kept', async () => {
    const key = randomUUID()
    const photo = await fixture('plain.jpg')
    await post(key, photo)
    const before = [await countPhotos(), await countOriginals()]

    const replies = [
      await post(key, await noisyJpeg({ width: 40, height: 30 }), { service: other }),
      await post(key, photo.subarray(0, -1)),
      await post(key, photo, { query: '?visibility=private' }),
      await postIds(key, 1),
    ]

    for (const reply of replies) expect(await told(reply)).toEqual([422, 'idempotency_key_reused'])
    expect([await countPhotos(), await countOriginals()]).toEqual(before)
  })

  test('is its owner’s: another one may use the same key', async () => {
    const key = randomUUID()
    const photo = await fixture('plain.jpg')

    const replies = [await post(key, photo), await post(key, photo, { owner: 'bob' })]

    expect(replies.map(isReplayed)).toEqual([null, null])
    expect(new Set(await Promise.all(replies.map(idOf))).size).toBe(2)
  })

  test('is one photo when several come at once, and 409 with Retry-After while the first is in flight', async () => {
    const key = randomUUID()
    const photo = await fixture('plain.jpg')

    const at = [one, other, one, other]
    const replies = await Promise.all(at.map((service) => post(key, photo, { service })))

    const made = replies.filter(({ status }) => status === 201)
    expect(made.filter((reply) => isReplayed(reply) === null)).toHaveLength(1)
    for (const reply of replies.filter(({ status }) => status !== 201)) {
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await told(reply)).toEqual([409, 'request_in_flight'])
    }
    expect(new Set(await Promise.all(made.map(idOf))).size).toBe(1)
  })

  test('is answered when the first has ended, and may be sent at once when that broke off', async () => {
    const photo = await fixture('plain.jpg')
    const [whole, torn] = [await openPost('whole', photo), await openPost('torn', photo)]

    whole.end()
    torn.socket.destroy()

    expect(await whole.reply).toMatch(/^HTTP\/1.1 201 /)
    const again = await post('whole', photo, { service: other })
    expect([again.status, isReplayed(again)]).toEqual([201, 'true'])
    await expect
      .poll(async () => {
        const reply = await post('torn', photo, { service: other })
        return [reply.status, isReplayed(reply)]
      })
      .toEqual([201, null])
  })

  test('whose server died is taken over, whatever it had written', async () => {
    const photo = await fixture('plain.jpg')
    const { reservedIds } = one.catalog
    const owner = 'alice' as OwnerId
    const died = async (key: string) => {
      const first = await openPost(key, photo)
      const rows = await one.database.query(
        `update idempotency_keys set held_until = now(), holder = gen_random_uuid() where key = '${key}' returning photo_id::text as id`,
      )
      first.socket.destroy()
      return (rows as { id: PhotoId }[])[0]?.id as PhotoId
    }
    const keep = async (id: PhotoId) =>
      void (await one.store.put(originalKey(id, 'jpeg'), photo, { contentType: 'image/jpeg' }))

    const nothing = await died('nothing')
    const object = await died('object')
    await keep(object)
    const row = await died('row')
    await keep(row)
    const original = { format: 'jpeg', bytes: photo.length, sha256: digestHex(photo) } as const
    await reservedIds.use({ ...PLAIN, original, id: row, owner, secret: newSecret() })
    const replies = await Promise.all(
      ['nothing', 'object', 'row'].map((key) => post(key, photo, { service: other })),
    )

    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(replies.map(isReplayed)).toEqual([null, null, 'true'])
    expect(await Promise.all(replies.map(idOf))).toEqual([nothing, object, row])
  })

  test('is 410 when its photo was deleted meanwhile, also when nothing is left of it', async () => {
    const key = randomUUID()
    const photo = await fixture('plain.jpg')
    const id = (await idOf(await post(key, photo))) as PhotoId
    await fetch(`${one.url}/v1/photos/${id}`, { method: 'DELETE', headers: await authorization(one) })

    expect(await told(await post(key, photo))).toEqual([410, 'photo_deleted'])
    await one.catalog.removals.forget([id])
    expect(await told(await post(key, photo))).toEqual([410, 'photo_deleted'])
  })

  test('that was refused may be sent again, mended', async () => {
    const key = randomUUID()

    expect(await told(await post(key, Buffer.from('no picture')))).toEqual([415, 'unsupported_format'])
    expect((await post(key, await fixture('plain.jpg'), { service: other })).status).toBe(201)
  })

  test('is answered before its body when it names its digest', async () => {
    const key = randomUUID()
    const photo = await fixture('plain.jpg')
    await post(key, photo)
    const head = [
      'Content-Type: image/jpeg',
      `Content-Digest: ${digestOf(photo)}`,
      `Content-Length: ${photo.length}`,
      `Idempotency-Key: ${key}`,
      'Expect: 100-continue',
    ]

    const [reply] = await exchange(other.url, await rawRequest(one, 'POST /v1/photos HTTP/1.1', head))

    expect([reply?.status, reply?.headers.get('idempotent-replayed')]).toEqual([201, 'true'])
  })

  test.each(['', 'x'.repeat(256), '"', '"a', 'é'])('refuses %s for a key', async (key) => {
    const head = ['Content-Type: image/jpeg', 'Content-Length: 0', `Idempotency-Key: ${key}`]

    const [reply] = await exchange(
      one.url,
      await rawRequest(one, 'POST /v1/photos HTTP/1.1', [...head, 'Connection: close']),
    )

    expectProblem(reply as RawReply, [400, 'invalid_idempotency_key'])
  })
})

describe('POST /v1/ids with an Idempotency-Key', () => {
  test('gives the same ids again, and 422 for another number of them', async () => {
    const key = randomUUID()

    const replies = [await postIds(key, 3), await postIds(key, 3, other)]
    const more = await postIds(key, 4)

    expect(replies.map(({ status }) => status)).toEqual([201, 201])
    expect(replies.map(isReplayed)).toEqual([null, 'true'])
    const [first, again] = await Promise.all(replies.map((reply) => reply.json()))
    expect(again).toEqual(first)
    expect(await told(more)).toEqual([422, 'idempotency_key_reused'])
    const [id] = (first as { ids: [PhotoId] }).ids
    const reply = await sendBytes(one, await fixture('plain.jpg'), {
      method: 'PUT',
      path: `/v1/photos/${id}`,
    })
    expect(reply.status).toBe(201)
  })
})

test('ids that nobody used go after a day, and keys after three', async () => {
  const hoursAgo = (hours: number) => firstIdAt(new Date(Date.now() - hours * 3_600_000))
  for (const hours of [1, 23, 25, 71, 73]) {
    await one.database.query(`
      insert into reserved_ids (id, owner) values (${hoursAgo(hours)}, 'carol');
      insert into idempotency_keys (photo_id, ids, owner, key, fingerprint, is_open)
      values (${hoursAgo(hours)}, '{1}', 'carol', '${hours}', '', false)`)
  }
  const left = async (what: string) =>
    (await one.database.query(`select ${what} where owner = 'carol' order by 1`)) as { hours: number }[]

  const part = { cursor: null } as Parameters<typeof spentIds.work>[1]
  for await (const _step of spentIds.work({ ...one }, part, silentLog));

  expect((await left('1 as hours from reserved_ids')).length).toBe(2)
  expect((await left('key::int as hours from idempotency_keys')).map(({ hours }) => hours)).toEqual([
    1, 23, 25, 71,
  ])
})
