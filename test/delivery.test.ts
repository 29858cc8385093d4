import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCloudFrontBase64, encodeCloudFrontBase64 } from '../src/delivery/cloudfront-base64.ts'
import { expiryOf } from '../src/delivery/expiry.ts'
import { parsePolicy, policyText } from '../src/delivery/policy.ts'
import { SignedCdn } from '../src/delivery/signed-cdn.ts'
import { signedQuery } from '../src/delivery/signer.ts'
import { openSigningKey } from '../src/delivery/signing-key.ts'
import { SetupError } from '../src/errors.ts'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { KEY, ORIGIN, temporaryDirectory, VIEWER } from './support/edge.ts'
import { placeOf } from './support/place.ts'

const PHOTO = '764879989359635463' as PhotoId
const PLACE = placeOf(PHOTO)
const NOW = Date.parse('2026-11-21T08:00:00.123Z')
const RULE = { windowSeconds: 86_400, minLifeSeconds: 3600 }

const photoIds = fc.bigInt({ min: 10n ** 12n, max: 2n ** 63n - 1n }).map((id) => String(id) as PhotoId)
const times = fc.integer({ min: NOW - 10 ** 11, max: NOW + 10 ** 12 })
const rules = fc.record({
  windowSeconds: fc.integer({ min: 60, max: 7 * 86_400 }),
  minLifeSeconds: fc.integer({ min: 10, max: 7 * 86_400 }),
})

describe('The signing key', () => {
  test('is made at the first start, readable by its owner alone, and read back afterwards', async () => {
    await using directory = await temporaryDirectory()
    const home = join(directory.path, 'not', 'there', 'yet')

    const made = await openSigningKey(home)
    const read = await openSigningKey(home)

    expect(made.keyPairId).toMatch(/^K[0-9A-Z]{13}$/)
    expect(read.keyPairId).toBe(made.keyPairId)
    expect(read.privateKey.equals(made.privateKey)).toBe(true)
    expect(read.publicKey.equals(createPublicKey(made.privateKey))).toBe(true)
    expect(await readdir(home)).toEqual(['signing-key.pem'])
    expect((await stat(join(home, 'signing-key.pem'))).mode & 0o777).toBe(0o600)
  })

  test('is one when several start at once', async () => {
    await using directory = await temporaryDirectory()

    const keys = await Promise.all(Array.from({ length: 4 }, () => openSigningKey(directory.path)))

    expect(new Set(keys.map(({ keyPairId }) => keyPairId)).size).toBe(1)
    expect(await readdir(directory.path)).toEqual(['signing-key.pem'])
  })

  test.each([
    ['text', 'a shopping list'],
    ['half a file', (KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string).slice(0, 900)],
    ['a public key', KEY.publicKey.export({ type: 'spki', format: 'pem' })],
    ['a longer key', pemOf(generateKeyPairSync('rsa', { modulusLength: 3072 }))],
    ['an elliptic key', pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
  ])('that is %s is refused, and left as it is', async (_, content) => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'signing-key.pem')
    await writeFile(file, content)

    const opening = openSigningKey(directory.path)

    await expect(opening).rejects.toThrow(SetupError)
    await expect(opening).rejects.toThrow(`${file} is not an RSA private key of 2048 bits`)
    expect(await readFile(file, 'utf8')).toBe(content)
  })

  test('that can not be kept says where', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'a-file')
    await writeFile(file, '')

    const opening = openSigningKey(file)

    await expect(opening).rejects.toThrow(SetupError)
    await expect(opening).rejects.toThrow(`${file}/signing-key.pem can be neither read nor made`)
  })
})

describe('The expiry', () => {
  test('leaves the least life, and less than a window more', () => {
    fc.assert(
      fc.property(photoIds, times, rules, (id, now, rule) => {
        const life = expiryOf(id, now, rule) - now / 1000

        expect(life).toBeGreaterThanOrEqual(rule.minLifeSeconds)
        expect(life).toBeLessThan(rule.minLifeSeconds + rule.windowSeconds)
      }),
    )
  })

  test('is the same through a whole window, and one window later after it', () => {
    fc.assert(
      fc.property(
        photoIds,
        times,
        rules,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (id, now, rule, share) => {
          const expires = expiryOf(id, now, rule)
          const end = (expires - rule.minLifeSeconds) * 1000
          const start = end - rule.windowSeconds * 1000 + 1
          const within = start + Math.floor(share * (end - start))

          expect(expiryOf(id, within, rule)).toBe(expires)
          expect(expiryOf(id, start, rule)).toBe(expires)
          expect(expiryOf(id, end, rule)).toBe(expires)
          expect(expiryOf(id, end + 1, rule)).toBe(expires + rule.windowSeconds)
        },
      ),
    )
  })

  test('comes for different photos at times spread over the window', () => {
    const ids = Array.from({ length: 24_000 }, (_, index) => String(BigInt(PHOTO) + BigInt(index)) as PhotoId)

    const hours = ids.map((id) => Math.floor((expiryOf(id, NOW, RULE) % 86_400) / 3600))

    const perHour = Array.from({ length: 24 }, (_, hour) => hours.filter((each) => each === hour).length)
    // 1,000 expected in each, with a standard deviation of 31.
    expect(Math.min(...perHour)).toBeGreaterThan(840)
    expect(Math.max(...perHour)).toBeLessThan(1160)
  })
})

describe('A signed query', () => {
  test('is what the AWS signer makes of the same policy', () => {
    const prefix = `${ORIGIN}/public/1403/${PHOTO}-k3J9sQ2x0aE/`
    const url = `${ORIGIN}/public/1403/${PHOTO}-k3J9sQ2x0aE/feed-0a1b2c3d.webp`

    const query = signedQuery({ prefix, expires: 1_795_251_600 }, KEY)

    const theirs = getSignedUrl({
      url,
      policy: JSON.stringify({
        Statement: [
          { Resource: `${prefix}*`, Condition: { DateLessThan: { 'AWS:EpochTime': 1_795_251_600 } } },
        ],
      }),
      keyPairId: KEY.keyPairId,
      privateKey: pemOf(KEY),
    })
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual(
      Object.fromEntries(new URL(theirs).searchParams),
    )
  })

  test('holds a policy that the public key vouches for', () => {
    fc.assert(
      fc.property(photoIds, fc.nat(), (id, expires) => {
        const grant = { prefix: `${ORIGIN}/public/7/${id}-k3J9sQ2x0aE/`, expires }
        const parameters = new URLSearchParams(signedQuery(grant, KEY))

        const policy = decodeCloudFrontBase64(parameters.get('Policy') ?? '') ?? Buffer.alloc(0)
        const signature = decodeCloudFrontBase64(parameters.get('Signature') ?? '') ?? Buffer.alloc(0)
        expect(verify('sha1', policy, KEY.publicKey, signature)).toBe(true)
        expect(policy.toString()).toBe(policyText(grant))
        expect(parsePolicy(policy.toString())).toEqual(grant)
      }),
      { numRuns: 25 },
    )
  })
})

describe("CloudFront's base64", () => {
  test('gives back the bytes, in characters that URLs and cookies leave alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const text = encodeCloudFrontBase64(Buffer.from(bytes))

        expect(text).toMatch(/^[A-Za-z0-9~-]+_{0,2}$/)
        expect(decodeCloudFrontBase64(text)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  test.each(['', '_', '____', 'A', 'AAA', 'AA==', 'A+A~', 'AAAA/AAA', 'AAA_AAAA', 'AB__', 'ÄÖÜß'])(
    'refuses %j',
    (text) => {
      expect(decodeCloudFrontBase64(text)).toBeNull()
    },
  )
})

describe('The CDN', () => {
  const cdnAt = (now: number) => new SignedCdn({ origin: ORIGIN, key: KEY, ...RULE, now: () => now })
  const key = renditionKey(PLACE, { preset: 'feed', format: 'webp', digest: '0a1b2c3d' })

  test('gives the same URLs through a window, from every process, and others in the next', () => {
    const { expiresAt, urlOf } = cdnAt(NOW).deliver(PLACE, VIEWER)
    const end = expiresAt.getTime() - RULE.minLifeSeconds * 1000

    const elsewhere = cdnAt(end).deliver(PLACE, VIEWER)
    const later = cdnAt(end + 1).deliver(PLACE, VIEWER)

    expect(elsewhere.urlOf(key)).toBe(urlOf(key))
    expect(elsewhere.expiresAt).toEqual(expiresAt)
    expect(later.urlOf(key)).not.toBe(urlOf(key))
    expect(later.expiresAt.getTime()).toBe(expiresAt.getTime() + RULE.windowSeconds * 1000)
  })

  test('moves to the next window while it runs', () => {
    let now = NOW
    const cdn = new SignedCdn({ origin: ORIGIN, key: KEY, ...RULE, now: () => now })
    const first = cdn.deliver(PLACE, VIEWER)
    now = first.expiresAt.getTime()

    const second = cdn.deliver(PLACE, VIEWER)

    expect(second.expiresAt.getTime()).toBeGreaterThanOrEqual(now + RULE.minLifeSeconds * 1000)
    expect(second.urlOf(key)).not.toBe(first.urlOf(key))
  })

  test('signs all renditions of a photo with one policy', () => {
    const { urlOf } = cdnAt(NOW).deliver(PLACE, VIEWER)

    const urls = (['thumb', 'feed'] as const).map(
      (preset) => new URL(urlOf(renditionKey(PLACE, { preset, format: 'jpeg', digest: '0a1b2c3d' }))),
    )

    expect(urls.map(({ pathname }) => pathname)).toEqual([
      `/public/1403/${PHOTO}-${PLACE.secret}/thumb-0a1b2c3d.jpg`,
      `/public/1403/${PHOTO}-${PLACE.secret}/feed-0a1b2c3d.jpg`,
    ])
    expect(new Set(urls.map(({ search }) => search)).size).toBe(1)
  })
})

function pemOf({ privateKey }: { privateKey: typeof KEY.privateKey }): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}
