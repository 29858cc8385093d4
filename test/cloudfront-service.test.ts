import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { examineCdn } from '../src/delivery/examine-cdn.ts'
import { readSigningKey } from '../src/delivery/signing-key.ts'
import { SetupError } from '../src/errors.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { clearLeft, takeDown } from '../src/sweep/take-down.ts'
import { purgePhoto } from '../workers/jobs/purge.ts'
import { type CloudFrontApiOptions, startCloudFrontApi } from './support/cloudfront-api.ts'
import { cloudFrontVerdict } from './support/cloudfront-rules/verdict.ts'
import { KEY, temporaryDirectory } from './support/edge.ts'
import { uploadReady } from './support/photo-client.ts'
import { fixture } from './support/pictures.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

/** The server looks every five seconds. */
const SOON = { timeout: 30_000 }

const CDN = 'https://d111111abcdef8.cloudfront.net'
const PEM = KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** A service that delivers through CloudFront, whose API is a server of the test's own. */
async function startCloudFrontService(options: CloudFrontApiOptions = {}, env: Record<string, string> = {}) {
  await using opened = new AsyncDisposableStack()
  const directory = opened.use(await temporaryDirectory())
  const api = opened.use(await startCloudFrontApi(options))
  const keyFile = join(directory.path, 'cdn.pem')
  await writeFile(keyFile, PEM)
  // Where every AWS SDK looks for them.
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFRONT', api.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  const service = opened.use(
    await startService({
      CDN_URL: CDN,
      CDN_KEY_PAIR_ID: KEY.keyPairId,
      CDN_PRIVATE_KEY_FILE: keyFile,
      CDN_DISTRIBUTION_ID: api.distributionId,
      ...env,
    }),
  )
  const disposal = opened.move()
  return { api, service, [Symbol.asyncDispose]: () => disposal.disposeAsync() }
}

async function remove(service: TestService, id: PhotoId): Promise<Response> {
  return await fetch(`${service.url}/v1/photos/${id}`, {
    method: 'DELETE',
    headers: await authorization(service),
  })
}

async function postCookies(service: TestService): Promise<Response> {
  return await fetch(`http://127.0.0.1:${service.config.port}/v1/cookies`, {
    method: 'POST',
    headers: await authorization(service),
  })
}

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('With CloudFront in front', () => {
  test('a photo has the URLs that the AWS signer makes of its policy, and CloudFront lets them through', async () => {
    await using there = await startCloudFrontService()
    await using _worker = there.service.work()

    const { id, renditions, expiresAt } = await uploadReady(there.service)

    expect(renditions.length).toBeGreaterThan(0)
    for (const { url } of renditions) {
      const { pathname, search } = new URL(url)
      expect(pathname).toMatch(new RegExp(`^/public/\\d+/${id}-[\\w-]{11}/\\w+-[0-9a-f]{8}\\.\\w+$`))
      const policy = {
        Statement: [
          {
            Resource: `${CDN}/public/*`,
            Condition: { DateLessThan: { 'AWS:EpochTime': Date.parse(expiresAt ?? '') / 1000 } },
          },
        ],
      }
      const theirs = getSignedUrl({
        url: CDN + pathname,
        policy: JSON.stringify(policy),
        keyPairId: KEY.keyPairId,
        privateKey: PEM,
      })
      expect(Object.fromEntries(new URL(url).searchParams)).toEqual(
        Object.fromEntries(new URL(theirs).searchParams),
      )
      expect(
        cloudFrontVerdict(
          { target: pathname + search },
          { origin: CDN, keys: new Map([[KEY.keyPairId, KEY.publicKey]]), now: Date.now() },
        ),
      ).toBeNull()
    }
  })

  test('cookies are of the domain that API and CDN have in common', async () => {
    const env = {
      PUBLIC_URL: 'https://api.example.com',
      CDN_URL: 'https://cdn.example.com',
      COOKIE_DOMAIN: 'example.com',
    }
    await using there = await startCloudFrontService({}, env)

    const reply = await postCookies(there.service)

    expect(reply.status).toBe(200)
    expect(await reply.json()).toMatchObject({ origin: 'https://cdn.example.com', prefix: 'public/' })
    for (const cookie of reply.headers.getSetCookie())
      expect(cookie).toMatch(/; Path=\/public\/; Domain=example\.com; HttpOnly; SameSite=Lax; Secure$/)
  })

  test('cookies that no browser would send to the CDN are refused', async () => {
    await using there = await startCloudFrontService()

    const reply = await postCookies(there.service)

    expect(reply.status).toBe(404)
    expect(await reply.json()).toMatchObject({ code: 'cookies_unavailable' })
    expect(reply.headers.getSetCookie()).toEqual([])
  })

  test('the server delivers nothing itself', async () => {
    await using there = await startCloudFrontService()
    await using _worker = there.service.work()
    const { renditions } = await uploadReady(there.service)

    const reply = await fetch((renditions[0]?.url ?? '').replace(CDN, there.service.url))

    expect(reply.status).toBe(404)
    expect(await reply.text()).not.toContain('<Error>')
  })

  test('a deleted photo is taken down from the edge within seconds, and forgotten only then', async () => {
    let isBusy = true
    await using there = await startCloudFrontService({
      answer: () => (isBusy ? { status: 400, code: 'TooManyInvalidationsInProgress' } : null),
    })
    await using _worker = there.service.work()
    const { id } = await uploadReady(there.service)

    const reply = await remove(there.service, id)

    expect(reply.status).toBe(204)
    await vi.waitFor(() => expect(there.api.batches.length).toBeGreaterThan(0), SOON)
    expect(await there.service.catalog.removals.purged(10)).toMatchObject([{ id }])
    isBusy = false
    await vi.waitFor(async () => expect(await there.service.catalog.removals.purged(10)).toEqual([]), SOON)
    expect(there.api.invalidations.map(({ paths }) => paths)).toEqual([[`#photo-${id}`]])
  })

  test('a photo that becomes private is gone from the store at once and from the edge within seconds, each time', async () => {
    await using there = await startCloudFrontService()
    const { service, api } = there
    await using _worker = service.work()
    const { id, renditions } = await uploadReady(service)
    const change = async (visibility: string) =>
      await fetch(`${service.url}/v1/photos/${id}`, {
        method: 'PATCH',
        headers: { ...(await authorization(service)), 'content-type': 'application/json' },
        body: JSON.stringify({ visibility }),
      })
    const keys = renditions.map(({ url }) => new URL(url).pathname.slice(1))

    await change('private')

    expect(await Promise.all(keys.map((key) => service.store.head(key)))).toEqual(keys.map(() => null))
    const takenDown = () => api.invalidations.map(({ paths }) => paths)
    await vi.waitFor(() => expect(takenDown()).toEqual([[`#photo-${id}`]]), SOON)
    await change('public')
    await vi.waitFor(() => expect(takenDown()).toEqual([[`#photo-${id}`], [`#photo-${id}`]]), SOON)
    // What a job put late may have been fetched before it was deleted.
    await clearLeft(service, silentLog, new Date(Date.now() + 2 * 3_600_000))
    expect(takenDown()).toHaveLength(3)
  })

  test('photos that were deleted together are taken down together, and their workers wait for none of it', async () => {
    await using there = await startCloudFrontService({
      answer: () => ({ status: 400, code: 'TooManyInvalidationsInProgress' }),
    })
    const { service, api } = there
    await using _worker = service.work()
    const ids: PhotoId[] = []
    for (let count = 0; count < 5; count++) ids.push((await uploadReady(service)).id)

    for (const id of ids) await remove(service, id)

    await vi.waitFor(
      async () =>
        expect((await service.catalog.removals.purged(10)).map(({ id }) => id).toSorted()).toEqual(ids),
      SOON,
    )
    await vi.waitFor(() => expect(api.batches.at(-1)).toHaveLength(5), SOON)
    await expect.poll(async () => await service.queue.demand()).toEqual({ live: 0, batch: 0 })
  })

  test('a photo that nobody can have seen is taken down from nowhere', async () => {
    await using there = await startCloudFrontService()
    const { service, api } = there
    const { id } = (await (await postForm(service, photoForm(await fixture('plain.jpg')))).json()) as {
      id: PhotoId
    }
    await remove(service, id)

    await purgePhoto({ ...service, maxPixels: service.config.maxPixels })({ kind: 'purge', photoId: id })

    expect((await service.catalog.objects.ofPhotos([id])).size).toBe(0)
    expect(await takeDown(service, silentLog)).toBe(0)
    expect(api.batches).toEqual([])
  })
})

describe('The doctor', () => {
  test.each([
    ['150 deleted photos at once, by cache tag', 'x-amz-meta-cache-tag'],
    ['For 150, by cache tag, let it read them from x-amz-meta-cache-tag', false],
    ['cloudfront:GetDistributionConfig', 'forbidden'],
  ] as const)('says of a distribution: %s', async (said, cacheTagHeader) => {
    await using api = await startCloudFrontApi({ cacheTagHeader })
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFRONT', api.url)
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')

    const cdn = { kind: 'cloudfront', origin: CDN, keyPairId: 'K1', keyFile: '', originSecret: null } as const
    const detail = await examineCdn({ ...cdn, distributionId: api.distributionId })

    expect(detail).toContain(said)
    await expect(examineCdn({ ...cdn, distributionId: 'EWRONG' })).rejects.toThrow('CDN_DISTRIBUTION_ID')
  })
})

describe('The configuration of CloudFront', () => {
  test('is all or nothing', () => {
    expect(() => loadConfig({ CDN_URL: CDN })).toThrow(SetupError)
    for (const name of ['CDN_KEY_PAIR_ID', 'CDN_PRIVATE_KEY_FILE', 'CDN_DISTRIBUTION_ID']) {
      expect(() => loadConfig({ CDN_URL: CDN })).toThrow(name)
      expect(() => loadConfig({ [name]: 'E1' })).toThrow(`${name} is of no use without CDN_URL`)
    }
    expect(loadConfig({}).cdn).toMatchObject({ kind: 'local' })
  })

  test('tells a key group from a public key, and a path from an origin', () => {
    const load = () =>
      loadConfig({
        CDN_URL: `${CDN}/photos`,
        CDN_KEY_PAIR_ID: '7b0f4c1e-key-group',
        CDN_PRIVATE_KEY_FILE: 'cdn.pem',
        CDN_DISTRIBUTION_ID: 'd111111abcdef8',
      })

    expect(load).toThrow('CDN_URL must have no path')
    expect(load).toThrow('CDN_KEY_PAIR_ID')
    expect(load).toThrow('CDN_DISTRIBUTION_ID')
  })

  test('reads the private key under the id that CloudFront gave', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'cdn.pem')
    await writeFile(file, PEM)

    const { keyPairId, privateKey, publicKey } = await readSigningKey(file, 'K2JCJMDEHXQW5F')

    expect(keyPairId).toBe('K2JCJMDEHXQW5F')
    expect(privateKey.equals(KEY.privateKey)).toBe(true)
    expect(publicKey.equals(KEY.publicKey)).toBe(true)
  })

  test('says which key file is missing, and makes none', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'cdn.pem')

    const reading = readSigningKey(file, 'K2JCJMDEHXQW5F')

    await expect(reading).rejects.toThrow(SetupError)
    await expect(reading).rejects.toThrow(`${file} can't be read`)
  })
})
