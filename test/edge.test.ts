import { once } from 'node:events'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import { getSignedCookies } from '@aws-sdk/cloudfront-signer'
import { describe, expect, test, vi } from 'vitest'
import { REFUSALS } from '../src/delivery/edge-check.ts'
import { signedQuery } from '../src/delivery/signer.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import { KEY, ORIGIN, startEdge, VIEWER } from './support/edge.ts'
import { AWS_KEY, FEED, NOW, NOW_S, PHOTO, PLACE, policyOf, TARGET, until } from './support/signed-edge.ts'

const signedTarget = (target: string) =>
  `${target}?${signedQuery({ prefix: `${ORIGIN}/`, expires: NOW_S + 60 }, KEY)}`

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
