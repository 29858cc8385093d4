import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { encodeCloudFrontBase64 } from '../src/delivery/cloudfront-base64.ts'
import { isKnown, partOf } from '../src/delivery/conditional-get.ts'
import { checkViewer, REFUSALS, type ViewerRequest } from '../src/delivery/edge-check.ts'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import { KEY, ORIGIN, signingKey, startEdge } from './support/edge.ts'

const NOW = Date.parse('2026-11-21T08:00:00Z')
const NOW_S = NOW / 1000
const PHOTO = '764879989359635463' as PhotoId
const FEED = renditionKey(PHOTO, { preset: 'feed', format: 'webp', digest: '0a1b2c3d' })
const TARGET = `/${FEED}`
const EC_KEY = signingKey('KELLIPTICTESTK', generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const KEYS = new Map([KEY, EC_KEY].map(({ keyPairId, publicKey }) => [keyPairId, publicKey]))

const check = (request: Partial<ViewerRequest>, now = NOW) =>
  checkViewer({ target: TARGET, address: '192.0.2.7', ...request }, { origin: ORIGIN, keys: KEYS, now })

/** A target with a policy of the test's own making under a true signature. */
function signedTarget(policy: unknown, { target = TARGET, key = KEY, hash = 'SHA1' } = {}): string {
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy)
  const signature = encodeCloudFrontBase64(sign(hash, Buffer.from(text), key.privateKey))
  const credentials = `Policy=${encodeCloudFrontBase64(Buffer.from(text))}&Signature=${signature}&Key-Pair-Id=${key.keyPairId}`
  return `${target}?${credentials}${hash === 'SHA256' ? '&Hash-Algorithm=SHA256' : ''}`
}

const until = (expires: unknown) => ({ DateLessThan: { 'AWS:EpochTime': expires } })
const policyOf = (Condition: unknown, Resource: unknown = `${ORIGIN}/*`) => ({
  Statement: [{ Resource, Condition }],
})
const GOOD = signedTarget(policyOf(until(NOW_S + 60)))

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string
const AWS_KEY = { keyPairId: KEY.keyPairId, privateKey: pem(KEY.privateKey) }
const AWS = { ...AWS_KEY, url: ORIGIN + TARGET, dateLessThan: new Date(NOW + 60_000) }

describe('The edge check', () => {
  test.each(['SHA1', 'SHA256'] as const)('lets what the AWS signer signs with %s through', (algorithm) => {
    const urls = [
      getSignedUrl({ ...AWS, algorithm }),
      getSignedUrl({ ...AWS, algorithm, url: `${AWS.url}?size=large&v=2` }),
      getSignedUrl({ ...AWS, algorithm, dateGreaterThan: new Date(NOW - 1000), ipAddress: '192.0.2.0/24' }),
      getSignedUrl({
        ...AWS_KEY,
        url: AWS.url,
        algorithm,
        policy: JSON.stringify(policyOf(until(NOW_S + 60))),
      }),
      getSignedUrl({ ...AWS, algorithm, keyPairId: EC_KEY.keyPairId, privateKey: pem(EC_KEY.privateKey) }),
    ]
    const cookies = [
      getSignedCookies({ ...AWS, algorithm }),
      getSignedCookies({ ...AWS_KEY, algorithm, policy: JSON.stringify(policyOf(until(NOW_S + 60))) }),
    ].map((jar) =>
      ['theme=dark', ...Object.entries(jar).map(([name, value]) => `${name}=${value}`)].join('; '),
    )

    const verdicts = [
      ...urls.map((url) => check({ target: url.slice(ORIGIN.length) })),
      ...cookies.map((cookie) => check({ cookie })),
    ]

    expect(verdicts).toEqual(Array(7).fill(null))
  })

  test('finds reasons in the order key, signature, policy, conditions', () => {
    const expired = signedTarget(policyOf(until(NOW_S)))
    const policy = /Policy=[^&]*/
    const signature = /Signature=[^&]*/

    const verdicts = [
      TARGET,
      `${TARGET}?size=large`,
      `${TARGET}?Policy=!&Signature=!`,
      `${TARGET}?Policy=!&Signature=!&Key-Pair-Id=`,
      `${TARGET}?Policy=!&Signature=!&Key-Pair-Id=KUNKNOWN`,
      expired.replace(policy, 'Policy=!').replace(signature, 'Signature=a+b='),
      expired.replace(`&${signature.exec(expired)?.[0]}`, ''),
      expired.replace(policy, 'Policy=!'),
      expired.replace(policy, 'Expires=soon'),
      expired.replace(policy, 'Own=1'),
      expired,
      GOOD,
    ].map((target) => check({ target }))

    expect(verdicts).toEqual([
      'MissingKey',
      'MissingKey',
      'MissingKey',
      'MissingKey',
      'InvalidKey',
      'MalformedSignature',
      'MalformedSignature',
      'MalformedPolicy',
      'MalformedPolicy',
      'MalformedPolicy',
      'AccessDenied',
      null,
    ])
  })

  test.each([
    ['no JSON', 'policy'],
    ['null', null],
    ['no statement', {}],
    ['an empty list', { Statement: [] }],
    [
      'two statements',
      { Statement: [...policyOf(until(NOW_S + 60)).Statement, ...policyOf(until(NOW_S + 60)).Statement] },
    ],
    ['no condition', policyOf(undefined)],
    ['no end', policyOf({ DateGreaterThan: { 'AWS:EpochTime': 0 } })],
    ['an end in words', policyOf(until('tomorrow'))],
    ['an end of half a second', policyOf(until(NOW_S + 0.5))],
    ['an end before 1970', policyOf(until(-1))],
    ['several resources', policyOf(until(NOW_S + 60), [`${ORIGIN}/*`])],
    ['an IPv6 address', policyOf({ ...until(NOW_S + 60), IpAddress: { 'AWS:SourceIp': '::1' } })],
    ['a block too small', policyOf({ ...until(NOW_S + 60), IpAddress: { 'AWS:SourceIp': '192.0.2.0/33' } })],
    ['a condition that is not known', policyOf({ ...until(NOW_S + 60), Weather: { 'AWS:Sky': 'blue' } })],
  ])('calls a signed policy malformed that is or has %s', (_, policy) => {
    const target = signedTarget(policy)

    expect(check({ target })).toBe('MalformedPolicy')
  })

  test('refuses a true policy that was tampered with, or signed by another, or under another hash', () => {
    const theirs = signingKey(KEY.keyPairId, generateKeyPairSync('rsa', { modulusLength: 2048 }))
    const longer = signedTarget(policyOf(until(NOW_S + 6000)))

    const verdicts = [
      GOOD.replace(/Policy=[^&]*/, /Policy=[^&]*/.exec(longer)?.[0] ?? ''),
      signedTarget(policyOf(until(NOW_S + 60)), { key: theirs }),
      signedTarget(policyOf(until(NOW_S + 60))).replace(KEY.keyPairId, EC_KEY.keyPairId),
      `${GOOD}&Hash-Algorithm=SHA256`,
      `${GOOD}&Hash-Algorithm=MD5`,
      getSignedUrl(AWS).slice(ORIGIN.length).replace('feed', 'full'),
      `${getSignedUrl(AWS).slice(ORIGIN.length)}&size=large`,
    ].map((target) => check({ target }))

    expect(verdicts).toEqual(Array(7).fill('AccessDenied'))
  })

  test('opens after DateGreaterThan and closes at DateLessThan', () => {
    const target = signedTarget(
      policyOf({ ...until(NOW_S + 2), DateGreaterThan: { 'AWS:EpochTime': NOW_S } }),
    )

    const verdicts = [NOW - 1, NOW, NOW + 999, NOW + 1000, NOW + 1999, NOW + 2000].map((now) =>
      check({ target }, now),
    )

    expect(verdicts).toEqual(['AccessDenied', 'AccessDenied', 'AccessDenied', null, null, 'AccessDenied'])
  })

  test.each([
    ['192.0.2.0/24', '192.0.2.7', null],
    ['192.0.2.0/24', '192.0.3.7', 'AccessDenied'],
    ['192.0.2.0/24', '::ffff:192.0.2.7', null],
    ['192.0.2.7', '192.0.2.7', null],
    ['192.0.2.7', '192.0.2.8', 'AccessDenied'],
    ['0.0.0.0/0', '203.0.113.9', null],
    ['192.0.2.0/24', '2001:db8::1', 'AccessDenied'],
    ['192.0.2.0/24', 'unknown', 'AccessDenied'],
  ])('of a policy for %s answers a viewer at %s with %s', (range, address, verdict) => {
    const target = signedTarget(policyOf({ ...until(NOW_S + 60), IpAddress: { 'AWS:SourceIp': range } }))

    expect(check({ target, address })).toBe(verdict)
  })

  test('keeps a photo’s policy to that photo, and a policy without a resource to nothing', () => {
    const policy = policyOf(until(NOW_S + 60), `${ORIGIN}/renditions/1403/${PHOTO}/*`)
    const everything = { Statement: [{ Condition: until(NOW_S + 60) }] }

    expect(check({ target: signedTarget(policy) })).toBeNull()
    expect(check({ target: signedTarget(policy, { target: `/renditions/1403/${PHOTO}0/a.webp` }) })).toBe(
      'AccessDenied',
    )
    expect(
      check({ target: signedTarget(policy, { target: TARGET.replace('renditions', 'rendition%73') }) }),
    ).toBe('AccessDenied')
    expect(check({ target: signedTarget(everything, { target: '/anything/at/all' }) })).toBeNull()
  })

  test('does not look at cookies when the URL has a signing parameter', () => {
    const cookie = Object.entries(getSignedCookies(AWS))
      .map(([name, value]) => `${name}=${value}`)
      .join('; ')

    expect(check({ cookie })).toBeNull()
    expect(check({ cookie, target: `${TARGET}?Expires=1` })).toBe('MissingKey')
    expect(check({ cookie: `${cookie}; CloudFront-Expires=1`, target: GOOD })).toBeNull()
  })

  test('takes a signature whose characters were escaped on the way', () => {
    const target = GOOD.replaceAll('~', '%7E')
      .replaceAll('-', '%2D')
      .replaceAll('Key%2DPair%2DId', 'Key-Pair-Id')

    expect(check({ target })).toBeNull()
  })

  test('has an answer for whatever was sent', () => {
    const values = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('!', 'AAAA', '%', '%zz', KEY.keyPairId, '1', 'SHA256'),
    )
    const names = fc.constantFrom('Policy', 'Expires', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm', 'x', '')
    const pairs = fc.array(fc.tuple(names, values), { maxLength: 8 })
    fc.assert(
      fc.property(pairs, pairs, fc.string(), fc.string(), (own, jar, path, address) => {
        const target = `/${path}?${own.map((pair) => pair.join('=')).join('&')}&Key-Pair-Id=${KEY.keyPairId}`
        const cookie = jar.map(([name, value]) => `CloudFront-${name}=${value}`).join('; ')

        expect(Object.keys(REFUSALS)).toContain(check({ target, cookie, address }))
        expect(Object.keys(REFUSALS)).toContain(check({ target: `/${path}`, cookie, address }))
      }),
      { numRuns: 500 },
    )
  })

  test('has an answer for whatever was truly signed', () => {
    const parts = fc.oneof(fc.jsonValue(), fc.constant(until(NOW_S + 60)))
    const policies = fc.oneof(
      fc.jsonValue(),
      fc.record({ Statement: fc.array(fc.record({ Resource: parts, Condition: parts }), { maxLength: 2 }) }),
      fc
        .tuple(parts, parts, parts)
        .map(([start, end, source]) =>
          policyOf({ DateLessThan: end, DateGreaterThan: start, IpAddress: { 'AWS:SourceIp': source } }),
        ),
    )
    fc.assert(
      fc.property(policies, fc.string(), (policy, address) => {
        const verdict = check({ target: signedTarget(policy, { key: EC_KEY }), address })

        expect([null, ...Object.keys(REFUSALS)]).toContain(verdict)
      }),
      { numRuns: 200 },
    )
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

describe('GET /renditions/*', () => {
  const bytes = Buffer.from('RIFF, or so it seems')
  const put = (store: ObjectStore, body = bytes) => store.put(FEED, body, { contentType: 'image/webp' })

  test('serves a delivered URL with the headers of CloudFront', async () => {
    await using edge = await startEdge()
    await put(edge.store)

    const reply = await edge.ask(edge.cdn.deliver(PHOTO).urlOf(FEED))

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
    const url = edge.cdn.deliver(PHOTO).urlOf(FEED)
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
    ['AccessDenied', `${TARGET}?Key-Pair-Id=${KEY.keyPairId}&Signature=AAAA&Expires=1`],
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
    const { expiresAt, urlOf } = edge.cdn.deliver(PHOTO)

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
    const cookie = Object.entries(getSignedCookies(AWS)).map(([name, value]) => `${name}=${value}`)

    const reply = await edge.ask(TARGET, { cookie: ['theme=dark', ...cookie].join(separator) })

    expect(reply.status).toBe(200)
  })

  test('serves a part, and says which', async () => {
    await using edge = await startEdge()
    await put(edge.store)
    const url = edge.cdn.deliver(PHOTO).urlOf(FEED)

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

    const reply = await edge.ask(edge.cdn.deliver(PHOTO).urlOf(FEED), { range: 'bytes=20-' })

    expect(reply.status).toBe(416)
    expect(reply.headers['content-range']).toBe('bytes */20')
    expect(reply.headers['cache-control']).toBeUndefined()
    expect(reply.body.toString()).toContain('<Code>InvalidRange</Code>')
  })

  test('serves a part of what the viewer has begun, and the whole of anything else', async () => {
    await using edge = await startEdge()
    await put(edge.store)
    const url = edge.cdn.deliver(PHOTO).urlOf(FEED)
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
    const url = edge.cdn.deliver(PHOTO).urlOf(FEED)
    const etag = (await edge.ask(url)).headers.etag ?? ''

    const reply = await edge.ask(url, { 'if-none-match': `"other", W/${etag}`, range: 'bytes=0-3' })

    expect(reply.status).toBe(304)
    expect(reply.body.length).toBe(0)
    expect(reply.headers).toMatchObject({ etag, 'cache-control': 'public, max-age=31536000, immutable' })
  })

  test('answers for a missing object as S3 does behind CloudFront, also when it goes between two looks', async () => {
    await using edge = await startEdge()
    const url = edge.cdn.deliver(PHOTO).urlOf(FEED)

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
    ].map((target) => signedTarget(policyOf(until(NOW_S + 60)), { target }))

    const replies = await Promise.all(targets.map((target) => edge.ask(target)))

    expect(replies.map(({ status }) => status)).toEqual(targets.map(() => 403))
    expect(head).not.toHaveBeenCalled()
  })

  test('has no door to the originals, and none through a broken escape', async () => {
    await using edge = await startEdge({ now: () => NOW })
    const signed = (target: string) => signedTarget(policyOf(until(NOW_S + 60)), { target })

    const replies = await Promise.all(
      ['/originals/1403/1.jpg', '/renditions%2f..%2foriginals/1.jpg', '/renditions/%zz', '/renditions/%'].map(
        (target) => edge.ask(signed(target)),
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
    const target = edge.cdn.deliver(PHOTO).urlOf(FEED).slice(ORIGIN.length)

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
    const target = edge.cdn.deliver(PHOTO).urlOf(FEED).slice(ORIGIN.length)

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

    const asking = edge.ask(edge.cdn.deliver(PHOTO).urlOf(FEED))

    await expect(asking).rejects.toThrow('socket hang up')
  })
})
