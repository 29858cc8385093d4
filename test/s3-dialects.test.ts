import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { describe, expect, inject, test } from 'vitest'
import type { S3Config } from '../src/config/config.ts'
import { loadConfig } from '../src/config/config.ts'
import { PhotoTooLargeError } from '../src/errors.ts'
import { inspectBucket } from '../src/storage/bucket-setup.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import { S3Store } from '../src/storage/s3-store.ts'
import { objectStoreContract } from './contracts/object-store.ts'
import { hasOtherS3, NEEDS_OTHER_S3, openTestBucket } from './support/s3.ts'

// What servers that speak S3 say in ways of their own.

type Refusal = { status: number; code: string }

const JPEG = { contentType: 'image/jpeg' }
const EMPTY_LIST = '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>'

async function openStoreElsewhere() {
  await using opened = new AsyncDisposableStack()
  const bucket = opened.use(await openTestBucket({ s3: inject('otherS3') }))
  const store: ObjectStore = opened.use(await S3Store.open(bucket.config))
  const owned = opened.move()
  return { store, ...bucket, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

describe.runIf(hasOtherS3)(`An S3 server of another make (${NEEDS_OTHER_S3})`, () => {
  objectStoreContract('S3Store on Versity', openStoreElsewhere)

  test('is set up by the doctor as far as it knows the settings, and found well afterwards', async () => {
    await using bucket = await openTestBucket({ s3: inject('otherS3') })

    const fixed = await Array.fromAsync(inspectBucket(bucket.config, { fix: true }))
    const found = await Array.fromAsync(inspectBucket(bucket.config, { fix: false }))

    for (const finding of [...fixed, ...found]) expect(finding).toMatchObject({ isWell: true })
  })

  test('that knows no such key is said to', async () => {
    await using bucket = await openTestBucket({ s3: inject('otherS3') })

    process.env.AWS_ACCESS_KEY_ID = 'unknown'

    await expect(S3Store.open(bucket.config)).rejects.toThrow(/AWS_ACCESS_KEY_ID/)
  })
})

/** Answers as `answer` says, in S3's words; what it says nothing of is an empty list. */
async function startServer(answer: (request: IncomingMessage) => Refusal | null) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const refusal = answer(request)
      response.writeHead(refusal?.status ?? 200, { 'content-type': 'application/xml' })
      response.end(refusal ? `<Error><Code>${refusal.code}</Code></Error>` : EMPTY_LIST)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  process.env.AWS_ACCESS_KEY_ID = 'key'
  process.env.AWS_SECRET_ACCESS_KEY = 'secret'
  return {
    configIn: (home: string) =>
      loadConfig({ DARKROOM_HOME: home, STORAGE_URL: `s3://photos?endpoint=http://127.0.0.1:${port}` })
        .store as S3Config,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

describe('An S3 server', () => {
  test.each([
    ['names it', { status: 400, code: 'EntityTooLarge' }],
    ['has a proxy before it that does', { status: 413, code: 'RequestTooLarge' }],
  ])(
    'that has a limit of its own, and %s, makes an upload too large, and is not asked again',
    async (_, refusal) => {
      await using home = await mkdtempDisposable(`${tmpdir()}/darkroom-s3-`)
      let puts = 0
      await using server = await startServer(({ method }) =>
        method === 'PUT' && puts++ >= 0 ? refusal : null,
      )
      await using store = await S3Store.open(server.configIn(home.path))

      const put = store.put('originals/7/42.jpg', Readable.from(['pixels']), JPEG)

      await expect(put).rejects.toThrow(PhotoTooLargeError)
      expect(puts).toBe(1)
    },
  )

  test.each(['XAdminUserNotFound', 'InvalidSecurity'])(
    'that refuses us by %s makes us speak of the credentials',
    async (code) => {
      await using home = await mkdtempDisposable(`${tmpdir()}/darkroom-s3-`)
      await using server = await startServer(() => ({ status: 403, code }))

      await expect(S3Store.open(server.configIn(home.path))).rejects.toThrow(/AWS_ACCESS_KEY_ID/)
    },
  )

  test.each([
    { status: 400, code: 'MalformedXML' },
    { status: 400, code: 'InvalidArgument' },
    { status: 501, code: 'NotImplemented' },
    { status: 405, code: 'MethodNotAllowed' },
  ])('that refuses our lifecycle rule by $code has no such setting, which is well', async (refusal) => {
    await using home = await mkdtempDisposable(`${tmpdir()}/darkroom-s3-`)
    const notSet = { status: 404, code: 'NoSuchLifecycleConfiguration' }
    await using server = await startServer(({ method }) => (method === 'PUT' ? refusal : notSet))

    const findings = await Array.fromAsync(inspectBucket(server.configIn(home.path), { fix: true }))

    expect(findings).toContainEqual({
      name: 'lifecycle',
      isWell: true,
      detail: 'this server has no such setting',
    })
  })
})
