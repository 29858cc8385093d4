import { generateKeyPairSync, sign } from 'node:crypto'
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeCloudFrontBase64 } from '../src/delivery/cloudfront-base64.ts'
import { REFUSALS, type ViewerRequest } from '../src/delivery/edge-check.ts'
import { matchesResource } from './support/cloudfront-rules/resource-match.ts'
import { cloudFrontVerdict } from './support/cloudfront-rules/verdict.ts'
import { KEY, ORIGIN, signingKey } from './support/edge.ts'
import { AWS, AWS_KEY, NOW, NOW_S, PHOTO, PLACE, pem, TARGET, until } from './support/signed-edge.ts'

const EC_KEY = signingKey('KELLIPTICTESTK', generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const KEYS = new Map([KEY, EC_KEY].map(({ keyPairId, publicKey }) => [keyPairId, publicKey]))

const check = (request: Partial<ViewerRequest & { address: string }>, now = NOW) =>
  cloudFrontVerdict({ target: TARGET, ...request }, { origin: ORIGIN, keys: KEYS, now })

/** A target with a policy of the test's own making under a true signature. */
function signedTarget(policy: unknown, { target = TARGET, key = KEY, hash = 'SHA1' } = {}): string {
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy)
  const signature = encodeCloudFrontBase64(sign(hash, Buffer.from(text), key.privateKey))
  const credentials = `Policy=${encodeCloudFrontBase64(Buffer.from(text))}&Signature=${signature}&Key-Pair-Id=${key.keyPairId}`
  return `${target}?${credentials}${hash === 'SHA256' ? '&Hash-Algorithm=SHA256' : ''}`
}

const policyOf = (Condition: unknown, Resource: unknown = `${ORIGIN}/*`) => ({
  Statement: [{ Resource, Condition }],
})
const GOOD = signedTarget(policyOf(until(NOW_S + 60)))

describe('CloudFront, as we read its rules,', () => {
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
    const policy = policyOf(until(NOW_S + 60), `${ORIGIN}/public/1403/${PHOTO}-${PLACE.secret}/*`)
    const everything = { Statement: [{ Condition: until(NOW_S + 60) }] }

    expect(check({ target: signedTarget(policy) })).toBeNull()
    expect(
      check({ target: signedTarget(policy, { target: `/public/1403/${PHOTO}-${PLACE.secret}0/a.webp` }) }),
    ).toBe('AccessDenied')
    expect(check({ target: signedTarget(policy, { target: TARGET.replace('public', 'publi%63') }) })).toBe(
      'AccessDenied',
    )
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

describe("A policy's resource", () => {
  test.each([
    ['https://d.example/p/1/*', 'https://d.example/p/1/feed.webp'],
    ['https://d.example/p/1/*', 'https://d.example/p/1/'],
    ['https://d.example/p/1/*', 'https://d.example/p/1/a/b/c'],
    ['https://d.example/p/1/*', 'https://d.example/p/1/feed.webp?size=large'],
    ['*', 'https://d.example/p/1/feed.webp?size=large'],
    ['*://d.example/p/*', 'http://d.example/p/1'],
    ['http*://d.example/p/1', 'https://d.example/p/1'],
    ['https://*.example/p/1', 'https://d.e.example/p/1'],
    ['https://d.example*', 'https://d.example/p/1?a=b'],
    ['https://d.example/*/feed.webp', 'https://d.example/p/1/feed.webp'],
    ['https://d.example/p/?/feed.webp', 'https://d.example/p/1/feed.webp'],
    ['https://d.example/p?size=*&v=2', 'https://d.example/p?size=large&v=2'],
    ['https://d.example/x*x?*z', 'https://d.example/xqxqx?qz'],
    ['https://d.example/a.b', 'https://d.example/a.b'],
  ])('%s covers %s', (resource, url) => {
    expect(matchesResource(resource, url)).toBe(true)
  })

  test.each([
    ['https://d.example/p/1/*', 'https://d.example/p/12/feed.webp'],
    ['https://d.example/p/1/*', 'https://d.example/p/1'],
    ['https://d.example/p/1/*', 'http://d.example/p/1/feed.webp'],
    ['https://d.example/p/1/*', 'https://D.example/p/1/feed.webp'],
    ['https://d*/feed.webp', 'https://d.example/p/1/feed.webp'],
    ['https://*.example/p/1', 'https://evil.test/.example/p/1'],
    ['*://d.example/p', 'https://evil.test/://d.example/p'],
    ['https://d.example/*.webp', 'https://d.example/feed?x=.webp'],
    ['https://d.example/p/?/feed.webp', 'https://d.example/p//feed.webp/'],
    ['https://d?example/p', 'https://d/example/p'],
    ['https://d.example/p', 'https://d.example/p?a=b'],
    ['https://d.example/a.b', 'https://d.example/axb'],
    ['', 'https://d.example/'],
  ])('%s does not cover %s', (resource, url) => {
    expect(matchesResource(resource, url)).toBe(false)
  })

  test('covers the URL it was made of by putting stars and question marks within the path', () => {
    const segments = fc.array(
      fc.record({
        text: fc.stringMatching(/^[a-z0-9./]{1,6}$/),
        as: fc.constantFrom('same', 'star', 'marks'),
      }),
      {
        maxLength: 8,
      },
    )
    fc.assert(
      fc.property(segments, (parts) => {
        const url = parts.map(({ text }) => text).join('')
        const resource = parts
          .map(({ text, as }) => ({ same: text, star: '*', marks: '?'.repeat(text.length) })[as])
          .join('')

        expect(matchesResource(`https://d.example/${resource}`, `https://d.example/${url}`)).toBe(true)
      }),
    )
  })
})
