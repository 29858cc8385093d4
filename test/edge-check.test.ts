import { generateKeyPairSync } from 'node:crypto'
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkViewer, REFUSALS, type Refusal, type ViewerRequest } from '../src/delivery/edge-check.ts'
import { signedQuery } from '../src/delivery/signer.ts'
import { cloudFrontVerdict } from './support/cloudfront-rules/verdict.ts'
import { KEY, ORIGIN, signingKey } from './support/edge.ts'
import { AWS, AWS_KEY, NOW, NOW_S, policyOf, TARGET, until } from './support/signed-edge.ts'

const OTHER_KEY = signingKey('KOTHERTESTKEYT', generateKeyPairSync('rsa', { modulusLength: 2048 }))
const KEYS = new Map([KEY, OTHER_KEY].map(({ keyPairId, publicKey }) => [keyPairId, publicKey]))

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
    // About 90 do; never so few by chance.
    expect(passed).toBeGreaterThan(20)
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
