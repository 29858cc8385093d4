import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, inject, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { openBucket } from '../src/services.ts'
import { type ImportWish, importAll, readReport } from './support/imports.ts'
import { fixture } from './support/pictures.ts'
import { complete, startReprocess } from './support/reprocess.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { forbid, hasOtherS3, hasS3, openTestBucket, type TestBucket } from './support/s3.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

const carol = 'carol' as OwnerId
const KEYS = ['users/alice/a b+c.jpg', 'users/alice/100%.jpg', 'users/bob/é.jpg']

const put = async ({ client, config }: TestBucket, key: string, body: Buffer) =>
  await client.send(new PutObjectCommand({ Bucket: config.bucket, Key: key, Body: body }))

/** Photos under these keys, each of other bytes; and their entity tags. */
async function putPhotos(bucket: TestBucket): Promise<Map<string, { etag: string; size: number }>> {
  const plain = await fixture('plain.jpg')
  const put_ = KEYS.map(async (key) => {
    const body = Buffer.concat([plain, Buffer.from(key)])
    const { ETag = '' } = await put(bucket, key, body)
    return [key, { etag: ETag.replaceAll('"', ''), size: body.length }] as const
  })
  return new Map(await Promise.all(put_))
}

/** An inventory of the bucket, in the bucket. */
async function putInventory(bucket: TestBucket, fileFormat: 'CSV' | 'Parquet'): Promise<string> {
  const objects = [...(await putPhotos(bucket))]
  const data = (read: (object: (typeof objects)[number]) => unknown) => objects.map(read) as string[]
  const list =
    fileFormat === 'CSV'
      ? gzipSync(
          objects
            .map(([key, { etag, size }]) => {
              const written = encodeURIComponent(key).replaceAll('%20', '+')
              return `"b","${written}","${size}","2014-02-03T04:05:06.000Z","${etag}","STANDARD"\n`
            })
            .join(''),
        )
      : Buffer.from(
          parquetWriteBuffer({
            columnData: [
              { name: 'key', data: data(([key]) => key) },
              { name: 'size', data: data(([, { size }]) => BigInt(size)) },
              { name: 'last_modified_date', data: data(() => new Date('2014-02-03T04:05:06Z')) },
              { name: 'e_tag', data: data(([, { etag }]) => etag) },
            ],
          }),
        )
  const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')
  const files = [{ key: 'lists/data/0', size: list.length, MD5checksum: md5(list) }]
  const manifest = Buffer.from(
    JSON.stringify({
      sourceBucket: bucket.config.bucket,
      destinationBucket: `arn:aws:s3:::${bucket.config.bucket}`,
      version: '2016-11-30',
      creationTimestamp: '1714521600000',
      fileFormat,
      fileSchema: 'Bucket, Key, Size, LastModifiedDate, ETag, StorageClass',
      files,
    }),
  )
  await put(bucket, 'lists/data/0', list)
  await put(bucket, 'lists/manifest.json', manifest)
  await put(bucket, 'lists/manifest.checksum', Buffer.from(md5(manifest)))
  return bucket.url.replace('?', '/lists/manifest.json?')
}

const take = async (service: TestService, name: string, wish: Partial<ImportWish> = {}) =>
  await importAll(service, {
    names: [name],
    openBucket,
    ...wish,
    choices: { owner: null, ownerFrom: /^users\/([^/]+)\//u, postedAt: 'mtime', ...wish.choices },
  })

async function feed(service: TestService, owner: string): Promise<PhotoReply[]> {
  const headers = await authorization(service, owner)
  const reply = await fetch(`${service.url}/v1/owners/${owner}/photos`, { headers })
  return ((await reply.json()) as { photos: PhotoReply[] }).photos
}

const urlOf = (photo: PhotoReply | undefined) =>
  photo?.renditions.find(({ preset }) => preset === 'feed')?.url ?? ''

describe.each([
  ['Ceph', hasS3, () => inject('s3')],
  ['Versity', hasOtherS3, () => inject('otherS3')],
] as const)('from a bucket of %s', (_, isThere, serverOf) => {
  test.runIf(isThere)('photos under a prefix are copied, or adopted and made from there', async () => {
    await using service = await startService()
    await using bucket = await openTestBucket({ s3: serverOf() })
    await putPhotos(bucket)
    const prefix = bucket.url.replace('?', '/users/?')

    const adopted = await take(service, prefix, { adopt: true })
    const copied = await take(service, prefix, { choices: { owner: carol, ownerFrom: null } })

    expect(adopted.run).toMatchObject({ done: 3, failed: 0 })
    expect(copied.run).toMatchObject({ done: 3, failed: 0 })
    await using _work = service.work()
    await expect
      .poll(async () => (await feed(service, carol)).map(({ status }) => status))
      .toEqual(['ready', 'ready', 'ready'])
    for (const owner of ['alice', 'bob', carol])
      for (const photo of await feed(service, owner)) expect((await fetch(urlOf(photo))).status).toBe(200)
    expect(await feed(service, 'alice')).toHaveLength(2)
  })

  test.runIf(isThere).each(['CSV', 'Parquet'] as const)(
    'photos of an inventory in %s are adopted with the time and the tag that it tells',
    async (format) => {
      await using service = await startService()
      await using bucket = await openTestBucket({ s3: serverOf() })
      const manifest = await putInventory(bucket, format)

      const { run } = await take(service, manifest, { adopt: true })
      const again = await take(service, manifest, { adopt: true })
      await put(bucket, 'users/bob/é.jpg', await fixture('plain.jpg'))
      const made = await complete(service, await startReprocess(service, { state: 'missing' }))

      expect(run).toMatchObject({ done: 3, failed: 0 })
      expect(again.run).toMatchObject({ done: 0, skipped: 3 })
      expect(made).toMatchObject({ done: 2, failed: 1 })
      const [photo] = await feed(service, 'alice')
      expect(photo).toMatchObject({ createdAt: '2014-02-03T04:05:06.000Z', original: { format: 'jpeg' } })
      expect(await feed(service, 'bob')).toMatchObject([
        { status: 'failed', failure: { code: 'original_changed' } },
      ])
    },
  )
})

test.runIf(hasS3)('a bucket that lets us list and not read has its photos fail, until it does', async () => {
  await using service = await startService()
  await using bucket = await openTestBucket()
  await putPhotos(bucket)
  await take(service, bucket.url.replace('?', '/users/bob/?'), { adopt: true })
  await forbid(bucket, 's3:GetObject', '*')

  await complete(service, await startReprocess(service, { state: 'missing' }))

  expect(await feed(service, 'bob')).toMatchObject([
    { status: 'failed', failure: { code: 'original_refused' } },
  ])
})

test.runIf(hasS3)(
  'an import that is detached is done by servers, from a list in a bucket, and a folder is refused',
  async () => {
    await using service = await startService()
    await using bucket = await openTestBucket()
    await putPhotos(bucket)
    const list =
      'key,postedAt,externalId\nalice/a b+c.jpg,2013-01-01,1\nalice/100%.jpg,,2\nalice/gone.jpg,,3\n'
    await put(bucket, 'users/list.csv', Buffer.from(list))
    const name = bucket.url.replace('?', '/users/list.csv?')
    const env = { ...process.env, DATABASE_URL: service.database.url, DARKROOM_HOME: service.config.home }
    const command = ['import', name, '--owner-from', '^([^/]+)/', '--adopt', '--detach']

    const begun = await runDarkroom([...command, '--json'], env)
    const refused = await runDarkroom(['import', service.config.home, '--owner', 'alice', '--detach'], env)

    const { run } = JSON.parse(begun.stdout) as { run: number }
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.stderr).toContain('Leave out --detach')
    const { runs } = service.catalog
    await expect.poll(async () => (await runs.find(run)).state).toBe('complete')
    expect(await runs.find(run)).toMatchObject({ done: 2, failed: 1, skipped: 0 })
    const lines = await readReport(join(service.config.home, 'imports', `run-${run}-from-1.ndjson`))
    expect(lines).toMatchObject({ 'alice/gone.jpg': { outcome: 'missing' } })
    expect(await feed(service, 'alice')).toHaveLength(2)
  },
)
