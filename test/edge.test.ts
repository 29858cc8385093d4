import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { checkViewer, REFUSALS, type Refusal, type ViewerRequest } from '../src/delivery/edge-check.ts'
import { signedQuery } from '../src/delivery/signer.ts'
import { isKnown, partOf } from '../src/http/conditional-get.ts'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import { cloudFrontVerdict } from './support/cloudfront-rules/verdict.ts'
import { KEY, ORIGIN, signingKey, startEdge, VIEWER } from './support/edge.ts'
import { placeOf } from './support/place.ts'

const NOW = Date.parse('2026-11-21T08:00:00Z')
const NOW_S = NOW / 1000
const PHOTO = '764879989359635463' as PhotoId
const PLACE = placeOf(PHOTO)
const FEED = renditionKey(PLACE, { preset: 'feed', format: 'webp', digest: '0a1b2c3d' })
const TARGET = `/${FEED}`
const OTHER_KEY = signingKey('KOTHERTESTKEYT', generateKeyPairSync('rsa', { modulusLength: 2048 }))
const KEYS = new Map([KEY, OTHER_KEY].map(({ keyPairId, publicKey }) => [keyPairId, publicKey]))

const until = (expires: number) => ({ DateLessThan: { 'AWS:EpochTime': expires } })
const policyOf = (Condition: unknown, Resource = `${ORIGIN}/public/*`) =>
  JSON.stringify({ Statement: [{ Resource, Condition }] })
const signedTarget = (target: string) =>
  `${target}?${signedQuery({ prefix: `${ORIGIN}/`, expires: NOW_S + 60 }, KEY)}`

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string
const AWS_KEY = { keyPairId: KEY.keyPairId, privateKey: pem(KEY.privateKey) }
const AWS = { ...AWS_KEY, url: ORIGIN + TARGET, dateLessThan: new Date(NOW + 60_000) }

/** What we may ever sign, and requests of viewers who were given it: URLs with the query, pages with the cookies. */
const grants = fc.record({
  prefix: fc
    .stringMatching(/^(public|private\/\d{1,4}\/\d{1,19}|renditions\/\d{1,4}\/\d{1,19})\/$/)
    .map((path) => `${ORIGIN}/${path}`),
  expires: fc.integer({ min: NOW_S - 2, max: NOW_S + 2 }),
})

describe('The edge check', () => {
  const verdicts = (request: ViewerRequest, now = NOW) => {
    const rules = { origin: ORIGIN, keys: KEYS, now }
    return { ours: checkViewer(request, rules), aws: cloudFrontVerdict(request, rules) }
  }
  /** A policy that was changed on its way may be well-formed to one and malformed to the other. */
  const alike = (verdict: Refusal | null) => (verdict === 'MalformedPolicy' ? 'AccessDenied' : verdict)
  /** As a client may change a request on its way: not at all, most often. */
  const changes = fc.oneof(
    { weight: 3, arbitrary: fc.constant((text: string) => text) },
    fc
      .constantFrom('Policy', 'Signature', 'Key-Pair-Id')
      .map((name) => (text: string) => text.replace(`${name}=`, `${name}=AAAA`)),
    fc
      .constantFrom('Policy', 'Signature', 'Key-Pair-Id')
      .map((name) => (text: string) => text.replace(`${name}=`, 'Own=')),
    fc.nat().map((at) => (text: string) => text.slice(0, at % text.length)),
    fc.tuple(fc.nat(), fc.string({ maxLength: 1 })).map(
      ([at, by]) =>
        (text: string) =>
          text.slice(0, at % text.length) + by + text.slice((at % text.length) + 1),
    ),
    fc.constant((text: string) => text.replaceAll('~', '%7E')),
    fc.constant((text: string) => `${text}&size=large`),
    fc.constant((text: string) => text.replace('?', '?size=large&')),
  )
  const paths = fc.constantFrom('', 'feed-0a1b2c3d.webp', '../../originals/1403/1.jpg', 'a/b', '?v=2')
  const hosts = fc.constantFrom(ORIGIN, ORIGIN, ORIGIN, 'https://photos.exampl')

  test('says of every URL that we sign what CloudFront would, whatever becomes of it on its way', () => {
    let passed = 0
    fc.assert(
      fc.property(grants, paths, hosts, changes, fc.boolean(), (grant, path, host, change, own) => {
        const prefix = grant.prefix.replace(ORIGIN, host)
        const query = signedQuery({ ...grant, prefix }, KEY)
        const folder = own ? grant.prefix.slice(ORIGIN.length) : '/public/1403/1-AAAAAAAAAAA/'
        const target = change(`${folder}${path}${path.includes('?') ? '&' : '?'}${query}`)

        const { ours, aws } = verdicts({ target })

        if (ours === null) passed++
        expect({ target, verdict: alike(ours) }).toEqual({ target, verdict: alike(aws) })
      }),
      { numRuns: 1000 },
    )
    expect(passed).toBeGreaterThan(50)
  })

  test('says of every cookie that we sign what CloudFront would', () => {
    const separators = fc.constantFrom('; ', ';')
    fc.assert(
      fc.property(grants, paths, separators, changes, (grant, path, separator, change) => {
        const cookies = signedQuery(grant, KEY)
          .split('&')
          .map((pair) => `CloudFront-${change(pair)}`)
        const request = {
          target: `${grant.prefix.slice(ORIGIN.length)}${path}`,
          cookie: ['theme=dark', ...cookies, 'Policy=own'].join(separator),
        }

        const { ours, aws } = verdicts(request)

        expect({ request, verdict: alike(ours) }).toEqual({ request, verdict: alike(aws) })
      }),
      { numRuns: 500 },
    )
  })

  test('lets nothing through that CloudFront would not, truly signed or not', () => {
    const words = fc.constantFrom('!', 'AAAA', '%', KEY.keyPairId, String(NOW_S + 9), 'SHA1', 'SHA256', '')
    const values = fc.oneof(fc.string(), words)
    const names = fc.constantFrom('Policy', 'Expires', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm', 'x', '')
    const pairs = fc.array(fc.tuple(names, values), { maxLength: 4 })
    fc.assert(
      fc.property(grants, pairs, pairs, fc.string(), fc.boolean(), (grant, before, jar, path, isAfter) => {
        const own = before.map((pair) => pair.join('=')).join('&')
        const query = isAfter ? `${signedQuery(grant, KEY)}&${own}` : `${own}&${signedQuery(grant, KEY)}`
        const cookie = jar.map(([name, value]) => `CloudFront-${name}=${value}`).join('; ')
        for (const target of [
          `${grant.prefix.slice(ORIGIN.length)}${path}?${query}`,
          `/${path}?${own}`,
          `/${path}`,
        ]) {
          const { ours, aws } = verdicts({ target, cookie })

          expect([null, ...Object.keys(REFUSALS)]).toContain(ours)
          if (ours === null) expect({ target, cookie, aws }).toEqual({ target, cookie, aws: null })
        }
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['a canned policy', getSignedUrl(AWS)],
    [
      'another hash',
      getSignedUrl({ ...AWS_KEY, url: AWS.url, policy: policyOf(until(NOW_S + 60)), algorithm: 'SHA256' }),
    ],
    ['an address', getSignedUrl({ ...AWS, ipAddress: '192.0.2.0/24' })],
    ['a beginning', getSignedUrl({ ...AWS, dateGreaterThan: new Date(NOW - 1000) })],
    [
      'a wildcard within',
      getSignedUrl({ ...AWS_KEY, url: AWS.url, policy: policyOf(until(NOW_S + 60), `${ORIGIN}/*/1403/*`) }),
    ],
    ['every resource', getSignedUrl({ ...AWS_KEY, url: AWS.url, policy: policyOf(until(NOW_S + 60), '*') })],
  ])('refuses a policy of %s, which CloudFront takes and we never sign', (_, url) => {
    const { ours, aws } = verdicts({ target: url.slice(ORIGIN.length) })

    expect(aws).toBeNull()
    expect(['MalformedPolicy', 'AccessDenied']).toContain(ours)
  })

  test('takes the AWS signer’s URLs and cookies of a policy like ours', () => {
    const policy = policyOf(until(NOW_S + 60))
    const cookie = Object.entries(getSignedCookies({ ...AWS_KEY, policy }))
      .map((pair) => pair.join('='))
      .join('; ')

    const answers = [
      verdicts({ target: getSignedUrl({ ...AWS_KEY, url: AWS.url, policy }).slice(ORIGIN.length) }),
      verdicts({ target: TARGET, cookie }),
    ]

    expect(answers).toEqual([
      { ours: null, aws: null },
      { ours: null, aws: null },
    ])
  })
})

describe('A conditional GET', () => {
  test('gives a single range the bytes it names, and all else the whole', () => {
    const size = 10
    const body = '0123456789'
    const partial = (range: string) => {
      const part = partOf({ range }, '"a"', size)
      return typeof part === 'string' ? part : body.slice(part.start, part.end + 1)
    }

    expect(partial('bytes=0-0')).toBe('0')
    expect(partial('bytes=2-4')).toBe('234')
    expect(partial('Bytes=7-')).toBe('789')
    expect(partial('bytes=7-99')).toBe('789')
    expect(partial('bytes=-3')).toBe('789')
    expect(partial('bytes=-99')).toBe(body)
    for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0'])
      expect(partial(range)).toBe('unsatisfiable')
    for (const range of ['bytes=4-2', 'bytes=-', 'bytes=a-b', 'lines=0-1', 'bytes=0-1,3-4', '']) {
      expect(partial(range)).toBe('whole')
    }
  })

  test('never leaves the body', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (size, first, last) => {
        for (const range of [`bytes=${first}-${last}`, `bytes=${first}-`, `bytes=-${last}`]) {
          const part = partOf({ range }, '"a"', size)
          if (typeof part === 'string') continue

          expect(part.start).toBeGreaterThanOrEqual(0)
          expect(part.end).toBeGreaterThanOrEqual(part.start)
          expect(part.end).toBeLessThan(size)
        }
      }),
    )
  })

  test('knows its tag in a list, weak or strong, and in a star', () => {
    const known = ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', '*', ' * '].map((tags) =>
      isKnown({ 'if-none-match': tags }, '"a"'),
    )
    const unknown = ['"b"', 'a', '"A"', '', '"'].map((tags) => isKnown({ 'if-none-match': tags }, '"a"'))

    expect(known).toEqual(Array(6).fill(true))
    expect(unknown).toEqual(Array(5).fill(false))
    expect(isKnown({}, '"a"')).toBe(false)
  })
})

describe('GET /public/*', () => {
  const bytes = Buffer.from('RIFF, or so it seems')
  const put = (store: ObjectStore, body = bytes) => store.put(FEED, body, { contentType: 'image/webp' })

  test('serves a delivered URL with the headers of CloudFront', async () => {
    await using edge = await startEdge()
    await put(edge.store)

    const reply = await edge.ask(edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED))

    expect(reply.status).toBe(200)
    expect(reply.body).toEqual(bytes)
    expect(reply.headers).toMatchObject({
      'content-type': 'image/webp',
      'content-length': String(bytes.length),
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      'access-control-allow-origin': '*',
      'x-cache': 'Hit from cloudfront',
      'x-content-type-options': 'nosniff',
    })
    expect(reply.headers.etag).toMatch(/^"[0-9a-f]{32}"$/)
  })

  test('answers HEAD with the same headers and opens nothing', async () => {
    await using edge = await startEdge()
    await put(edge.store)
    const url = edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED)
    const open = vi.spyOn(edge.store, 'open')

    const head = await edge.ask(url, { range: 'bytes=0-1' }, 'HEAD')

    expect(open).not.toHaveBeenCalled()
    const get = await edge.ask(url)
    expect(head.status).toBe(200)
    expect(head.body.length).toBe(0)
    expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' })
  })

  test.each([
    ['MissingKey', TARGET],
    ['InvalidKey', `${TARGET}?Key-Pair-Id=KUNKNOWN`],
    ['MalformedSignature', `${TARGET}?Key-Pair-Id=${KEY.keyPairId}&Signature=!`],
    ['MalformedPolicy', `${TARGET}?Key-Pair-Id=${KEY.keyPairId}&Signature=AAAA&Policy=!`],
    ['AccessDenied', `${TARGET}?${signedQuery({ prefix: `${ORIGIN}/`, expires: 1 }, KEY)}`],
  ] as const)('refuses %s in the words of CloudFront', async (code, target) => {
    await using edge = await startEdge()

    const reply = await edge.ask(target)

    expect(reply.status).toBe(403)
    expect(reply.body.toString()).toBe(
      `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${REFUSALS[code]}</Message></Error>`,
    )
    expect(reply.headers).toMatchObject({
      'content-type': 'text/xml',
      server: 'CloudFront',
      'x-cache': 'Error from cloudfront',
    })
    expect(reply.headers['cache-control']).toBeUndefined()
  })

  test('refuses a delivered URL from the second it expires', async () => {
    let now = NOW
    await using edge = await startEdge({ now: () => now })
    await put(edge.store)
    const { expiresAt, urlOf } = edge.cdn.deliver(PLACE, VIEWER)

    now = expiresAt.getTime() - 1
    const before = await edge.ask(urlOf(FEED))
    now = expiresAt.getTime()
    const after = await edge.ask(urlOf(FEED))

    expect(before.status).toBe(200)
    expect(after.status).toBe(403)
    expect(after.body.toString()).toContain('<Code>AccessDenied</Code>')
  })

  test.each(['; ', ';'])('serves a viewer with signed cookies, separated by "%s"', async (separator) => {
    await using edge = await startEdge({ now: () => NOW })
    await put(edge.store)
    const cookie = Object.entries(getSignedCookies({ ...AWS_KEY, policy: policyOf(until(NOW_S + 60)) })).map(
      (pair) => pair.join('='),
    )

    const reply = await edge.ask(TARGET, { cookie: ['theme=dark', ...cookie].join(separator) })

    expect(reply.status).toBe(200)
  })

  test('serves a part, and says which', async () => {
    await using edge = await startEdge()
    await put(edge.store)
    const url = edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED)

    const first = await edge.ask(url, { range: 'bytes=0-3' })
    const last = await edge.ask(url, { range: 'bytes=-5' })

    expect([first.status, first.body.toString()]).toEqual([206, 'RIFF'])
    expect(first.headers).toMatchObject({ 'content-range': 'bytes 0-3/20', 'content-length': '4' })
    expect([last.status, last.body.toString()]).toEqual([206, 'seems'])
    expect(last.headers['content-range']).toBe('bytes 15-19/20')
  })

  test('answers a part past the end with the size', async () => {
    await using edge = await startEdge()
    await put(edge.store)

    const reply = await edge.ask(edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED), { range: 'bytes=20-' })

    expect(reply.status).toBe(416)
    expect(reply.headers['content-range']).toBe('bytes */20')
    expect(reply.headers['cache-control']).toBeUndefined()
    expect(reply.body.toString()).toContain('<Code>InvalidRange</Code>')
  })

  test('serves a part of what the viewer has begun, and the whole of anything else', async () => {
    await using edge = await startEdge()
    await put(edge.store)
    const url = edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED)
    const etag = (await edge.ask(url)).headers.etag ?? ''
    const ifRange = (tag: string) => edge.ask(url, { range: 'bytes=0-3', 'if-range': tag })

    const replies = await Promise.all(
      [etag, `W/${etag}`, '"other"', new Date(NOW).toUTCString()].map(ifRange),
    )

    expect(replies.map(({ status }) => status)).toEqual([206, 200, 200, 200])
  })

  test('tells a viewer that has the bytes so', async () => {
    await using edge = await startEdge()
    await put(edge.store)
    const url = edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED)
    const etag = (await edge.ask(url)).headers.etag ?? ''

    const reply = await edge.ask(url, { 'if-none-match': `"other", W/${etag}`, range: 'bytes=0-3' })

    expect(reply.status).toBe(304)
    expect(reply.body.length).toBe(0)
    expect(reply.headers).toMatchObject({ etag, 'cache-control': 'public, max-age=31536000, immutable' })
  })

  test('answers for a missing object as S3 does behind CloudFront, also when it goes between two looks', async () => {
    await using edge = await startEdge()
    const url = edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED)

    const missing = await edge.ask(url, { 'if-none-match': '*' })
    vi.spyOn(edge.store, 'head').mockResolvedValue({ key: FEED, size: 20, modifiedAt: new Date() })
    const gone = await edge.ask(url)

    for (const reply of [missing, gone]) {
      expect(reply.status).toBe(403)
      expect(reply.headers).toMatchObject({ 'content-type': 'application/xml', server: 'AmazonS3' })
      expect(reply.headers['cache-control']).toBeUndefined()
      expect(reply.body.toString()).toMatch(/<Code>AccessDenied<.*<RequestId>/)
    }
  })

  test('lets no key but a rendition’s reach the store, whatever the policy', async () => {
    await using edge = await startEdge({ now: () => NOW })
    const head = vi.spyOn(edge.store, 'head')
    const targets = [
      '/renditions/',
      '/private/',
      `/public/1403/${PHOTO}-short/feed-0a1b2c3d.webp`,
      `/public/1403/${PHOTO}-k3J9sQ2x0aE/../../../originals/1403/1.jpg`,
      '/renditions/../originals/1403/1.jpg',
      `/renditions/1403/${PHOTO}/../../../originals/1403/1.jpg`,
      `/renditions/1403/${PHOTO}/..%2f..%2f..%2foriginals%2f1403%2f1.jpg`,
      `/renditions/1403/${PHOTO}/%2e%2e/feed-0a1b2c3d.webp`,
      `/renditions/1403%2F${PHOTO}/feed-0a1b2c3d.webp`,
      `/renditions/1403/${PHOTO}/feed-0a1b2c3d.html`,
      `/renditions/1403/${PHOTO}/feed-0a1b2c3d.webp/`,
      `/renditions/1403/${PHOTO}/feed-0A1B2C3D.webp`,
      `/renditions/1403/${PHOTO}/feed-0a1b2c3d.webp%00`,
      `/renditions/1403/${PHOTO}/${'a'.repeat(3000)}-0a1b2c3d.webp`,
      `/renditions//${PHOTO}/feed-0a1b2c3d.webp`,
    ].map((target) => signedTarget(target))

    const replies = await Promise.all(targets.map((target) => edge.ask(target)))

    expect(replies.map(({ status }) => status)).toEqual(targets.map(() => 403))
    expect(head).not.toHaveBeenCalled()
  })

  test('has no door to the originals, and none through a broken escape', async () => {
    await using edge = await startEdge({ now: () => NOW })

    const replies = await Promise.all(
      ['/originals/1403/1.jpg', '/renditions%2f..%2foriginals/1.jpg', '/renditions/%zz', '/renditions/%'].map(
        (target) => edge.ask(signedTarget(target)),
      ),
    )

    for (const { status } of replies) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }
  })

  test('closes the object when the viewer hangs up', async () => {
    await using edge = await startEdge()
    await put(edge.store, Buffer.alloc(32_000_000))
    const open = vi.spyOn(edge.store, 'open')
    const target = edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED).slice(ORIGIN.length)

    const viewer = request({ host: '127.0.0.1', port: edge.port, path: target }).end()
    const [reply] = await once(viewer, 'response')
    reply.destroy()

    const body = (await open.mock.results[0]?.value) as Readable
    await finished(body).catch(() => {})
    expect(body.destroyed).toBe(true)
    expect(body.readableEnded).toBe(false)
  })

  test('closes the object when the viewer hung up before the store answered', async () => {
    await using edge = await startEdge()
    await put(edge.store, Buffer.alloc(32_000_000))
    const reached = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    const open = edge.store.open.bind(edge.store)
    const late = vi.spyOn(edge.store, 'open').mockImplementation(async (...args) => {
      reached.resolve()
      await left.promise
      return open(...args)
    })
    const target = edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED).slice(ORIGIN.length)

    const viewer = request({ host: '127.0.0.1', port: edge.port, path: target })
      .on('error', () => {})
      .end()
    await reached.promise
    viewer.destroy()
    while ((await edge.connections()) > 0) await setTimeout(5)
    left.resolve()

    const body = (await late.mock.results[0]?.value) as Readable
    await finished(body).catch(() => {})
    expect(body.destroyed).toBe(true)
    expect(body.readableEnded).toBe(false)
  })

  test('breaks off when the store does, rather than let an error page be cached', async () => {
    await using edge = await startEdge()
    await put(edge.store)
    const broken = new Readable({ read: () => broken.destroy(new Error('the disk died')) })
    vi.spyOn(edge.store, 'open').mockResolvedValue(broken)

    const asking = edge.ask(edge.cdn.deliver(PLACE, VIEWER).urlOf(FEED))

    await expect(asking).rejects.toThrow('socket hang up')
  })
})
