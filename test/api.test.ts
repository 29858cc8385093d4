import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openTestDatabase } from './support/database.ts'
import { get, upload } from './support/photo-client.ts'
import { startProxy } from './support/proxy.ts'
import { startService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

describe('the API', () => {
  test('tells its presets, its filters and its own description without a token', async () => {
    await using service = await startService()

    const presets = await (await fetch(`${service.url}/v1/presets`)).json()
    const filters = (await (await fetch(`${service.url}/v1/filters`)).json()) as {
      filters: { name: string; vignette: number; grain: number }[]
    }
    const openapi = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: object }
    const docs = await fetch(`${service.url}/docs`)

    expect(presets).toMatchObject({
      presets: expect.arrayContaining([expect.objectContaining({ name: 'feed', width: 1080 })]),
    })
    expect(filters.filters.length).toBeGreaterThanOrEqual(6)
    expect(filters.filters).toContainEqual(expect.objectContaining({ name: 'mono', vignette: 0, grain: 0 }))
    expect(filters.filters).toContainEqual(
      expect.objectContaining({ name: 'noir', vignette: 0.35, grain: 0.05 }),
    )
    expect(Object.keys(openapi.paths)).toEqual(
      expect.arrayContaining(['/v1/photos', '/v1/photos/{id}', '/v1/owners/{owner}/photos']),
    )
    expect(docs.status).toBe(200)
  })

  test('says whether it is alive and whether its engines answer', async () => {
    await using service = await startService()

    expect(await (await fetch(`${service.url}/healthz`)).json()).toEqual({ status: 'alive' })
    expect(await (await fetch(`${service.url}/readyz`)).json()).toEqual({
      status: 'ready',
      engines: { database: 'ready', queue: 'ready', storage: 'ready' },
    })
  })

  test('answers 503 with Retry-After while its database is unavailable, and recovers by itself', async () => {
    await using database = await openTestDatabase()
    await using proxy = await startProxy(database.url)
    await using service = await startService({ DATABASE_URL: proxy.url })
    const { id } = await upload(service)

    await proxy.cut()
    const unavailable = await get(service, `/v1/photos/${id}`)
    const readiness = await fetch(`${service.url}/readyz`)
    await proxy.mend()
    const back = await get(service, `/v1/photos/${id}`)

    expect(unavailable.status).toBe(503)
    expect(unavailable.headers.get('retry-after')).toBe('2')
    expect(await unavailable.json()).toMatchObject({ code: 'unavailable' })
    expect(readiness.status).toBe(503)
    expect(back.status).toBe(200)
  })

  test('never answers 500, whatever a client sends', async () => {
    await using service = await startService()
    const headers = await authorization(service)
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }).map(encodeURIComponent),
      fc.webSegment(),
      fc.constantFrom(
        '..',
        '%00',
        '%',
        '%ff',
        '99999999999999999999',
        '-1',
        'v1',
        'photos',
        'owners',
        'renditions',
        'x'.repeat(300),
      ),
    )
    const target = fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'),
      path: fc.oneof(
        fc.array(piece, { maxLength: 5 }).map((pieces) => `/${pieces.join('/')}`),
        piece.map((id) => `/v1/photos/${id}`),
        piece.map((owner) => `/v1/owners/${owner}/photos`),
      ),
      query: fc.oneof(
        fc.constant(''),
        fc
          .record({
            name: fc.constantFrom('limit', 'before', 'after', 'around', 'Policy', 'Expires'),
            value: piece,
          })
          .map(({ name, value }) => `?${name}=${value}`),
      ),
      prefer: fc.constantFrom('wait=x', 'wait=99999999999', 'wait=0', ';;,,', 'return=minimal'),
    })

    await fc.assert(
      fc.asyncProperty(target, async ({ method, path, query, prefer }) => {
        const reply = await fetch(`${service.url}${path}${query}`, {
          method,
          headers: { ...headers, prefer },
          redirect: 'manual',
        })
        await reply.arrayBuffer()
        expect(reply.status).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })
})
