import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import type { S3Config } from '../src/config/config.ts'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import { KEEPER_KEY, renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import { S3Store } from '../src/storage/s3-store.ts'
import { objectStoreContract } from './contracts/object-store.ts'
import { noisyJpeg } from './support/pictures.ts'
import { placeOf } from './support/place.ts'
import { startProxy } from './support/proxy.ts'
import {
  forbid,
  hasS3,
  NEEDS_S3,
  openTestBucket,
  s3Endpoint,
  spooledFiles,
  type TestBucket,
} from './support/s3.ts'
import { startService } from './support/service.ts'
import { authorization, openUpload, photoForm, postForm } from './support/uploads.ts'

const SIZE = { width: 800, height: 600 }
const JPEG = { contentType: 'image/jpeg' }

/** What never answers is given up while the test waits. */
const IMPATIENT = { timeoutMs: 1_000 }
/** What does answer has its time also on a machine that does much else. */
const PATIENT = { timeoutMs: 30_000 }

async function openTemporaryStore(change: Partial<S3Config> = {}) {
  await using opened = new AsyncDisposableStack()
  const bucket = opened.use(await openTestBucket())
  const store: ObjectStore = opened.use(await S3Store.open({ ...bucket.config, ...change }))
  const owned = opened.move()
  return { store, ...bucket, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

async function openStoreBehindProxy({ timeoutMs }: { timeoutMs: number }) {
  await using opened = new AsyncDisposableStack()
  const proxy = opened.use(await startProxy(s3Endpoint()))
  const bucket = opened.use(await openTestBucket({ through: proxy.url }))
  const store: ObjectStore = opened.use(await S3Store.open({ ...bucket.config, timeoutMs }))
  const owned = opened.move()
  return { store, proxy, ...bucket, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

/** Everything there is but the name of whose the bucket is, seen by another client and past every proxy. */
async function contentsOf({ client, config }: TestBucket) {
  const Bucket = config.bucket
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
  return {
    keys: Contents.map(({ Key }) => Key).filter((key) => key !== KEEPER_KEY),
    multiparts: Uploads.length,
  }
}

const NOTHING = { keys: [], multiparts: 0 }

describe.runIf(hasS3)(`S3Store (${NEEDS_S3})`, () => {
  objectStoreContract('S3Store', openTemporaryStore)

  test('keeps streams and buffers also where a server knows no checksums', async () => {
    await using opened = await openTemporaryStore({ checksums: 'WHEN_REQUIRED' })
    const { store } = opened

    await store.put('originals/7/42.jpg', Readable.from(['pixels']), JPEG)
    await store.put('renditions/7/42/a.webp', Buffer.from('pixels'), JPEG)
    await store.delete(['renditions/7/42/a.webp'])

    expect((await contentsOf(opened)).keys).toEqual(['originals/7/42.jpg'])
  })

  test('gives objects their type, their hash, and the right to be cached for ever', async () => {
    await using opened = await openTemporaryStore()

    await opened.store.put('originals/7/42.jpg', Readable.from(['pixels']), JPEG)

    const head = new HeadObjectCommand({ Bucket: opened.config.bucket, Key: 'originals/7/42.jpg' })
    expect(await opened.client.send(head)).toMatchObject({
      ContentType: 'image/jpeg',
      CacheControl: 'public, max-age=31536000, immutable',
      Metadata: { sha256: createHash('sha256').update('pixels').digest('hex') },
    })
  })

  test('gives copies all that was said of the object, the tag by which a CDN forgets its photo included', async () => {
    await using opened = await openTemporaryStore()
    const place = placeOf('764879989359635463' as PhotoId)
    const made = { preset: 'feed', format: 'webp', digest: '0a1b2c3d' } as const
    const from = renditionKey(place, made)
    const to = renditionKey({ ...place, visibility: 'private' }, made)
    await opened.store.put(from, Buffer.from('pixels'), { contentType: 'image/webp' })

    await opened.store.copy(from, to)

    const head = new HeadObjectCommand({ Bucket: opened.config.bucket, Key: to })
    expect(await opened.client.send(head)).toMatchObject({
      ContentType: 'image/webp',
      CacheControl: 'public, max-age=31536000, immutable',
      Metadata: {
        sha256: createHash('sha256').update('pixels').digest('hex'),
        'cache-tag': `photo-${place.id}`,
      },
    })
  })

  test('removes, when opened, what a process that was killed left in the spool a day ago', async () => {
    await using opened = await openTemporaryStore()
    const { spool } = opened.config
    const [old, young] = [join(spool, 'old'), join(spool, 'young')]
    const then = new Date(Date.now() - 25 * 3_600_000)
    for (const file of [old, young]) await writeFile(file, '')
    await utimes(old, then, then)

    await using _again = await S3Store.open(opened.config)

    expect(await readdir(spool)).toEqual(['young'])
  })

  test('never puts other bytes over an original', async () => {
    await using opened = await openTemporaryStore()
    await opened.store.put('originals/7/42.jpg', Buffer.from('pixels'), JPEG)

    const put = opened.store.put('originals/7/42.jpg', Buffer.from('others'), JPEG)

    await expect(put).rejects.toThrow('is there already, with other bytes')
    expect(await text(await opened.store.open('originals/7/42.jpg'))).toBe('pixels')
  })

  test('lists more keys than a page has', async () => {
    await using opened = await openTemporaryStore()
    const keys = Array.from({ length: 1_003 }, (_, index) => `renditions/7/${index}/a.webp`)
    await Promise.all(keys.map((key) => opened.store.put(key, Buffer.from('x'), JPEG)))

    const found = await Array.fromAsync(opened.store.list('renditions/'))

    expect(found.sort()).toEqual(keys.sort())
  })

  test('tells S3 of a body when it is whole, and leaves no file of it', async () => {
    await using opened = await openTemporaryStore()
    const body = new PassThrough()
    const put = opened.store.put('originals/7/42.jpg', body, JPEG)
    body.write(Buffer.alloc(10_000_000))
    await once(body, 'drain')

    const meanwhile = { ...(await contentsOf(opened)), files: await spooledFiles(opened.config) }
    body.end()
    await put

    expect(meanwhile).toEqual({ ...NOTHING, files: 1 })
    expect(await spooledFiles(opened.config)).toBe(0)
  })

  test('says which keys it could not delete', async () => {
    await using opened = await openTemporaryStore()
    await opened.store.put('originals/7/42.jpg', Buffer.from('pixels'), JPEG)
    await forbid(opened, 's3:DeleteObject', 'originals/*')

    const deleting = opened.store.delete(['originals/7/42.jpg', 'renditions/7/42/a.webp'])

    await expect(deleting).rejects.toThrow(EngineUnavailableError)
    await expect(deleting).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^originals\/7\/42.jpg: AccessDenied/) },
    })
  })
})

describe.runIf(hasS3)(`a bucket that can't be used is refused when opened (${NEEDS_S3})`, () => {
  test('because it does not exist', async () => {
    await using bucket = await openTestBucket()

    const opening = S3Store.open({ ...bucket.config, bucket: 'not-there' })

    await expect(opening).rejects.toThrow(SetupError)
    await expect(opening).rejects.toThrow(/not-there at http.*no such bucket: create it/)
  })

  test('because the access key is unknown or its secret wrong', async () => {
    await using bucket = await openTestBucket()

    process.env.AWS_SECRET_ACCESS_KEY = 'wrong'
    const wrong = S3Store.open(bucket.config)
    await expect(wrong).rejects.toThrow(/AWS_SECRET_ACCESS_KEY/)
    process.env.AWS_ACCESS_KEY_ID = 'unknown'
    const unknown = S3Store.open(bucket.config)

    await expect(unknown).rejects.toThrow(/AWS_ACCESS_KEY_ID/)
  })

  test('because it may not be listed', async () => {
    await using bucket = await openTestBucket()
    await forbid(bucket, 's3:ListBucket')

    await expect(S3Store.open(bucket.config)).rejects.toThrow(/allow s3:ListBucket/)
  })

  test('because nothing answers there', async () => {
    await using bucket = await openTestBucket()
    const endpoint = 'http://127.0.0.1:1'

    await expect(S3Store.open({ ...bucket.config, endpoint })).rejects.toThrow(/Nothing answers there/)
  })
})

describe.runIf(hasS3)(`an S3 that fails (${NEEDS_S3})`, () => {
  test('by a cut connection fails a put and keeps nothing', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    const stalled = opened.proxy.stall(3_000_000)

    const put = opened.store.put('originals/7/42.jpg', Readable.from([Buffer.alloc(8_000_000)]), JPEG)
    await Promise.all([expect(put).rejects.toThrow(EngineUnavailableError), stalled.then(opened.proxy.cut)])

    await expect(opened.store.check()).rejects.toThrow(EngineUnavailableError)
    await expect(opened.store.head('originals/7/42.jpg')).rejects.toThrow(EngineUnavailableError)
    expect(await contentsOf(opened)).toEqual(NOTHING)
    expect(await spooledFiles(opened.config)).toBe(0)
  })

  test('by stalling half-way through a body fails a put and keeps nothing', async () => {
    await using opened = await openStoreBehindProxy(IMPATIENT)
    const stalled = opened.proxy.stall(3_000_000)

    const put = opened.store.put('originals/7/42.jpg', Readable.from([Buffer.alloc(8_000_000)]), JPEG)

    await Promise.all([expect(put).rejects.toThrow(EngineUnavailableError), stalled])
    expect(await contentsOf(opened)).toEqual(NOTHING)
    expect(await spooledFiles(opened.config)).toBe(0)
  })

  test('by taking connections and never answering fails every call', async () => {
    await using opened = await openStoreBehindProxy(IMPATIENT)
    const stalled = opened.proxy.stall()

    const calls = await Promise.allSettled([
      opened.store.put('renditions/7/42/a.webp', Buffer.from('pixels'), JPEG),
      opened.store.open('originals/7/42.jpg'),
      opened.store.head('originals/7/42.jpg'),
      opened.store.delete(['originals/7/42.jpg']),
      Array.fromAsync(opened.store.list('')),
      opened.store.check(),
    ])
    await stalled

    for (const call of calls) expect(call).toMatchObject({ reason: expect.any(EngineUnavailableError) })
  })

  test('for a moment is tried again with the whole body', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    const bytes = Buffer.alloc(8_000_000, 'pixels')
    const stalled = opened.proxy.stall(3_000_000)

    const put = opened.store.put('originals/7/42.jpg', Readable.from([bytes]), JPEG)
    await stalled
    opened.proxy.flow()
    await put

    expect(await buffer(await opened.store.open('originals/7/42.jpg'))).toEqual(bytes)
  })

  test('by losing its answer is asked again, and what it kept is recognised', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    opened.proxy.loseAnswer()

    const info = await opened.store.put('originals/7/42.jpg', Readable.from(['pixels']), JPEG)

    expect(info).toEqual({ key: 'originals/7/42.jpg', size: 6 })
    expect(await contentsOf(opened)).toEqual({ keys: ['originals/7/42.jpg'], multiparts: 0 })
  })

  test('half-way through an object that is read says so', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    await opened.store.put('originals/7/42.jpg', Buffer.alloc(20_000_000), JPEG)

    const stream = await opened.store.open('originals/7/42.jpg')
    const other = await opened.store.open('originals/7/42.jpg')
    await Promise.all([opened.proxy.cut(), once(other, 'error')])

    await expect(buffer(stream)).rejects.toThrow(EngineUnavailableError)
    expect(other.errored).toBeInstanceOf(EngineUnavailableError)
  })

  test.each([
    ['a rendition', 800_000, undefined],
    ['a large rendition', 12_000_000, undefined],
    ['a part of a large one', 12_000_000, { start: 1_234_567, end: 10_999_999 }],
  ])('is not suspected when the reader of %s pauses', async (_what, size, range) => {
    await using opened = await openTemporaryStore(IMPATIENT)
    const bytes = randomBytes(size)
    await opened.store.put('renditions/7/42/a.webp', bytes, JPEG)

    const stream = await opened.store.open('renditions/7/42/a.webp', range)
    const seen: Buffer[] = []
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (seen.length === 0 || seen.length === 60) await sleep(2 * IMPATIENT.timeoutMs)
      seen.push(chunk)
    }

    const wanted = range ? bytes.subarray(range.start, range.end + 1) : bytes
    expect(Buffer.concat(seen).equals(wanted)).toBe(true)
  })

  test('half-way through an object that is read is asked again for the rest', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    const bytes = randomBytes(20_000_000)
    await opened.store.put('originals/7/42.jpg', bytes, JPEG)

    const stream = await opened.store.open('originals/7/42.jpg')
    opened.proxy.loseAnswer()

    expect((await buffer(stream)).equals(bytes)).toBe(true)
  })

  test('is asked over few connections, also when streams are left unread', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    await opened.store.put('originals/7/42.jpg', Buffer.alloc(5_000_000), JPEG)

    for (let left = 0; left < 60; left++) (await opened.store.open('originals/7/42.jpg')).destroy()

    await expect.poll(() => opened.proxy.connections()).toBeLessThan(5)
  })
})

describe.runIf(hasS3)(`the API on S3 (${NEEDS_S3})`, () => {
  test('takes a photo, makes its renditions, delivers them and deletes them', async () => {
    await using bucket = await openTestBucket()
    await using service = await startService({ STORAGE_URL: bucket.url })
    await using _worker = service.work()

    const uploaded = await postForm(service, photoForm(await noisyJpeg(SIZE)), { prefer: 'wait=30' })
    const photo = (await uploaded.json()) as { id: string; status: string; renditions: { url: string }[] }
    const rendition = await fetch(photo.renditions[0]?.url ?? '')
    const kept = await contentsOf(bucket)
    await fetch(`${service.url}/v1/photos/${photo.id}`, {
      method: 'DELETE',
      headers: await authorization(service),
    })

    expect(photo.status).toBe('ready')
    expect(rendition.status).toBe(200)
    expect((await rendition.arrayBuffer()).byteLength).toBeGreaterThan(100)
    const objects = new Set(photo.renditions.map(({ url }) => new URL(url).pathname))
    expect(kept.keys).toHaveLength(1 + objects.size)
    await expect.poll(async () => await contentsOf(bucket)).toEqual(NOTHING)
  })

  test('keeps nothing of an upload whose client goes away', async () => {
    await using bucket = await openTestBucket()
    await using service = await startService({ STORAGE_URL: bucket.url })
    const upload = await openUpload(service)
    await upload.beginFile()
    await upload.send((await noisyJpeg(SIZE)).subarray(0, 50_000))

    upload.socket.destroy()
    await upload.closed

    await expect.poll(async () => await spooledFiles(service.config.store)).toBe(0)
    expect(await contentsOf(bucket)).toEqual(NOTHING)
  })

  test('answers 503 when S3 stalls, and keeps nothing', async () => {
    await using proxy = await startProxy(s3Endpoint())
    await using bucket = await openTestBucket({ through: proxy.url })
    await using service = await startService({ STORAGE_URL: `${bucket.url}&timeout=1` })
    const stalled = proxy.stall(10_000)

    const reply = await postForm(service, photoForm(await noisyJpeg(SIZE)))
    await stalled

    expect(reply.status).toBe(503)
    expect(await reply.json()).toMatchObject({ code: 'unavailable' })
    expect(await contentsOf(bucket)).toEqual(NOTHING)
    expect(await spooledFiles(service.config.store)).toBe(0)
  })
})
