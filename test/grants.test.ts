import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkViewer } from '../src/delivery/edge-check.ts'
import { SignedCdn } from '../src/delivery/signed-cdn.ts'
import type { DeliveryReply, PhotoReply, PhotoReplyInParts } from '../src/http/schemas/photo.ts'
import { originalKey, type Place, quarantineKey, renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { newSecret } from '../src/photo/secret.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { cloudFrontVerdict } from './support/cloudfront-rules/verdict.ts'
import { KEY, ORIGIN, VIEWER } from './support/edge.ts'
import { uploadReady } from './support/photo-client.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

const NOW = Date.parse('2026-11-21T08:00:00.123Z')
const RULE = { windowSeconds: 86_400, minLifeSeconds: 3600 }
const RULES = { origin: ORIGIN, keys: new Map([[KEY.keyPairId, KEY.publicKey]]), now: NOW }
const RENDITION = { preset: 'feed', format: 'jpeg', digest: '0a1b2c3d' } as const

const cdn = new SignedCdn({ origin: ORIGIN, key: KEY, ...RULE, now: () => NOW })
const photoIds = fc.bigInt({ min: 10n ** 12n, max: 2n ** 63n - 1n }).map((id) => String(id) as PhotoId)
const places = (visibility: Place['visibility'], secret = newSecret) =>
  photoIds.map((id): Place => ({ id, visibility, secret: secret() }))

/** What the edge and CloudFront both answer to a key with that query; they are found to agree. */
function verdictOf(key: string, query: string) {
  const request = { target: `/${key}?${query}` }
  const verdict = checkViewer(request, RULES)
  expect(cloudFrontVerdict(request, RULES)).toBe(verdict)
  return verdict
}

describe("A viewer's grant", () => {
  const grant = cdn.grant(VIEWER)

  test('opens every public photo, with one query, and is what delivers them', () => {
    fc.assert(
      fc.property(places('public'), (place) => {
        expect(verdictOf(renditionKey(place, RENDITION), grant.query())).toBeNull()
        expect(cdn.deliver(place, VIEWER).terms).toBe(grant.terms)
      }),
      { numRuns: 30 },
    )
  })

  test('opens no private photo, none without a secret, no original and nothing else', () => {
    fc.assert(
      fc.property(places('private'), (place) => {
        const keys = [
          renditionKey(place, RENDITION),
          renditionKey({ ...place, secret: null }, RENDITION),
          renditionKey({ ...place, secret: null, visibility: 'public' }, RENDITION),
          originalKey(place.id, 'jpeg'),
          quarantineKey(renditionKey({ ...place, visibility: 'public' }, RENDITION)),
          'darkroom.json',
          '',
        ]

        expect(keys.map((key) => verdictOf(key, grant.query()))).toEqual(keys.map(() => 'AccessDenied'))
      }),
      { numRuns: 30 },
    )
  })

  test('is the same through its window, wherever it is made, and turns at a time of the viewer’s own', () => {
    const viewers = Array.from({ length: 500 }, (_, index) => `viewer-${index}` as OwnerId)
    const elsewhere = new SignedCdn({ origin: ORIGIN, key: KEY, ...RULE, now: () => NOW })

    const turns = viewers.map((viewer) => cdn.grant(viewer).expiresAt.getTime())

    expect(elsewhere.grant(VIEWER).query()).toBe(grant.query())
    expect(elsewhere.grant(VIEWER).expiresAt).toEqual(grant.expiresAt)
    const hours = new Set(turns.map((turn) => Math.floor(turn / 3_600_000)))
    expect(hours.size).toBeGreaterThanOrEqual(24)
  })
})

describe('A photo that no grant reaches', () => {
  test('has a query of its own, which opens it and no other', () => {
    fc.assert(
      fc.property(places('private'), places('private'), fc.boolean(), (one, other, hasSecret) => {
        fc.pre(one.id !== other.id)
        const place = hasSecret ? one : { ...one, secret: null }
        const query = cdn.deliver(place, VIEWER).query()

        expect(verdictOf(renditionKey(place, RENDITION), query)).toBeNull()
        expect(verdictOf(renditionKey(other, RENDITION), query)).toBe('AccessDenied')
        expect(verdictOf(renditionKey({ ...one, visibility: 'public' }, RENDITION), query)).toBe(
          'AccessDenied',
        )
        expect(cdn.deliver(place, 'carol' as OwnerId).query()).toBe(query)
      }),
      { numRuns: 20 },
    )
  })
})

type Page = { photos: PhotoReplyInParts[]; delivery: DeliveryReply }
async function pageInParts(service: TestService, owner: string): Promise<Page> {
  const reply = await fetch(`${service.url}/v1/owners/alice/photos?urls=parts`, {
    headers: await authorization(service, owner),
  })
  return (await reply.json()) as Page
}

const pathOf = (photo: PhotoReplyInParts | undefined) => photo?.renditions[0]?.path ?? ''

describe('A page', () => {
  test('of many photos that nobody has seen has one query, that of its viewer', async () => {
    await using service = await startService()
    await using _worker = service.work()
    await Promise.all(Array.from({ length: 6 }, () => uploadReady(service)))

    const reply = await fetch(`${service.url}/v1/owners/alice/photos`, {
      headers: await authorization(service, 'bob'),
    })

    const { photos } = (await reply.json()) as { photos: PhotoReply[] }
    const queries = photos.flatMap(({ renditions }) => renditions.map(({ url }) => new URL(url).search))
    expect(photos).toHaveLength(6)
    expect(new Set(queries)).toEqual(new Set([`?${service.cdn.grant('bob' as OwnerId).query()}`]))
    for (const { expiresAt } of photos)
      expect(expiresAt).toBe(service.cdn.grant('bob' as OwnerId).expiresAt.toISOString())
  })

  test('in parts tells what opens its private photos with each of them', async () => {
    await using service = await startService()
    await using _worker = service.work()
    await uploadReady(service)
    await uploadReady(service, { visibility: 'private' })

    const { photos, delivery } = await pageInParts(service, 'alice')

    const [hidden, shown] = photos
    const ask = async (path: string, query: string | undefined) =>
      (await fetch(`${delivery.origin}/${path}?${query}`)).status
    expect(shown?.delivery).toBeUndefined()
    expect(await ask(pathOf(shown), delivery.query)).toBe(200)
    expect(await ask(pathOf(hidden), delivery.query)).toBe(403)
    expect(await ask(pathOf(hidden), hidden?.delivery?.query)).toBe(200)
    expect(await ask(pathOf(shown), hidden?.delivery?.query)).toBe(403)
  })
})

describe('POST /v1/cookies', () => {
  const post = async (service: TestService, owner = 'bob') =>
    await fetch(`http://127.0.0.1:${service.config.port}/v1/cookies`, {
      method: 'POST',
      headers: await authorization(service, owner),
    })

  test('opens all public photos to a browser, and nothing private, deleted or original', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    await uploadReady(service, { visibility: 'private' })
    const [hidden, shown] = (await pageInParts(service, 'alice')).photos

    const reply = await post(service)

    expect(reply.status).toBe(200)
    const { origin, prefix, expiresAt } = (await reply.json()) as Record<string, string>
    const cookie = reply.headers
      .getSetCookie()
      .map((line) => line.replace(/;.*/, ''))
      .join('; ')
    const ask = async (path: string) => (await fetch(`${origin}/${path}`, { headers: { cookie } })).status
    expect(pathOf(shown).startsWith(prefix ?? '')).toBe(true)
    expect(expiresAt).toBe(service.cdn.grant('bob' as OwnerId).expiresAt.toISOString())
    expect(await ask(pathOf(shown))).toBe(200)
    expect(await ask(pathOf(hidden))).toBe(403)
    expect(await ask(originalKey(id as PhotoId, 'jpeg'))).toBe(404)

    await fetch(`${service.url}/v1/photos/${id}`, { method: 'DELETE', headers: await authorization(service) })
    await expect.poll(() => ask(pathOf(shown))).toBe(403)
  })

  test('sets them as CloudFront wants them: session cookies of the path that they open', async () => {
    await using service = await startService({ PUBLIC_URL: 'https://photos.example/app' })

    const reply = await post(service)

    expect(reply.headers.get('cache-control')).toBe('no-store')
    const lines = reply.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ''))
    const attributes = 'Path=/app/public/; HttpOnly; SameSite=Lax; Secure'
    expect(lines).toEqual(
      ['Policy', 'Signature', 'Key-Pair-Id'].map((name) => `CloudFront-${name}; ${attributes}`),
    )
  })

  test('wants a token', async () => {
    await using service = await startService()

    const reply = await fetch(`${service.url}/v1/cookies`, { method: 'POST' })

    expect(reply.status).toBe(401)
    expect(reply.headers.getSetCookie()).toEqual([])
  })
})
