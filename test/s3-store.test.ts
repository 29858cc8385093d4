import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { S3Store } from '../src/storage/s3-store.ts'
import { objectStoreContract } from './contracts/object-store.ts'
import { placeOf } from './support/place.ts'
import { forbid, hasS3, NEEDS_S3, openTestBucket, spooledFiles } from './support/s3.ts'
import { contentsOf, JPEG, NOTHING, openTemporaryStore } from './support/s3-stores.ts'

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

  test('takes the hash of who has computed it; a body that is another is refused', async () => {
    await using opened = await openTemporaryStore()
    const sha256 = () => createHash('sha256').update('pixels').digest('hex')
    const put = async (key: string, body: string) =>
      await opened.store.put(key, Readable.from([body], { objectMode: false }), { ...JPEG, sha256 })

    await put('originals/7/42.jpg', 'pixels')

    await expect(put('originals/7/43.jpg', 'pixelz')).rejects.toThrow()
    expect((await contentsOf(opened)).keys).toEqual(['originals/7/42.jpg'])
  })

  test('signs URLs for where clients reach it', async () => {
    await using opened = await openTemporaryStore({ publicEndpoint: 'https://photos.example.com' })
    const asked = { contentType: 'image/jpeg', bytes: 6, sha256: null, seconds: 60 }

    const put = await opened.store.presignPut('incoming/7/42', asked)

    const { host, pathname } = new URL(put?.url ?? '')
    expect([host, pathname]).toEqual(['photos.example.com', `/${opened.config.bucket}/incoming/7/42`])
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
