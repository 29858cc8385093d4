import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { openPage, servePage, testWithChromium } from './support/browser.ts'
import { fixture } from './support/pictures.ts'
import { startService } from './support/service.ts'

const APP = 'https://app.example.com'
const PREFLIGHT = { origin: APP, 'access-control-request-method': 'PUT' }

describe('without CORS_ORIGINS', () => {
  test('nothing is said of CORS', async () => {
    await using service = await startService()

    const reply = await fetch(`${service.url}/v1/presets`, { headers: { origin: APP } })
    const preflight = await fetch(`${service.url}/v1/photos`, { method: 'OPTIONS', headers: PREFLIGHT })

    expect(reply.headers.get('access-control-allow-origin')).toBeNull()
    expect(preflight.status).toBe(405)
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('with CORS_ORIGINS', () => {
  test('a preflight is answered without a token, and says what may be asked', async () => {
    await using service = await startService({ CORS_ORIGINS: APP })

    const reply = await fetch(`${service.url}/v1/photos/1/filter`, {
      method: 'OPTIONS',
      headers: { ...PREFLIGHT, 'access-control-request-headers': 'authorization,content-digest' },
    })

    expect(reply.status).toBe(204)
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': expect.stringContaining('PUT'),
      'access-control-allow-headers': 'authorization,content-digest',
      'access-control-max-age': '7200',
      vary: expect.stringMatching(/origin/i),
    })
  })

  test('errors can be read, too', async () => {
    await using service = await startService({ CORS_ORIGINS: APP })

    const replies = await Promise.all(
      ['/v1/photos/1', '/v1/nothing'].map((path) =>
        fetch(`${service.url}${path}`, { headers: { origin: APP } }),
      ),
    )

    expect(replies.map(({ status }) => status)).toEqual([401, 404])
    for (const { headers } of replies) {
      expect(headers.get('access-control-allow-origin')).toBe(APP)
      expect(headers.get('access-control-expose-headers')).toContain('X-Request-Id')
    }
  })

  test('other origins, and paths and methods that there are not, get what they got before', async () => {
    await using service = await startService({ CORS_ORIGINS: `${APP},http://localhost:5173` })
    const ask = async (path: string, init: RequestInit) => {
      const { status, headers } = await fetch(service.url + path, init)
      return [status, headers.get('access-control-allow-origin')]
    }

    expect(await ask('/v1/presets', { headers: { origin: 'https://app.example.com.evil.example' } })).toEqual(
      [200, null],
    )
    expect(await ask('/v1/photos', { method: 'OPTIONS', headers: { ...PREFLIGHT, origin: 'null' } })).toEqual(
      [405, null],
    )
    expect(await ask('/v1/photos', { method: 'OPTIONS' })).toEqual([405, null])
    expect(await ask('/nowhere', { method: 'POST' })).toEqual([404, null])
  })

  test('of * takes every page, and no cookies', async () => {
    await using service = await startService({ CORS_ORIGINS: '*' })

    const { headers } = await fetch(`${service.url}/v1/presets`, { headers: { origin: APP } })

    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('that are no origins are named', () => {
    expect(() => loadConfig({ CORS_ORIGINS: 'app.example.com, https://a.example/b' })).toThrow(
      /CORS_ORIGINS has "app.example.com", which must be a URL[\s\S]*CORS_ORIGINS has "https:\/\/a.example\/b", which must have no path/,
    )
  })
})

type PageGlobals = {
  uploadAndDraw(given: { api: string; token: string; photo: string }): Promise<unknown>
}

testWithChromium(
  "a page of another origin uploads a photo, reads what is told of it, and its rendition's pixels by WebGL",
  async () => {
    await using app = await servePage()
    await using service = await startService({ CORS_ORIGINS: app.origin })
    await using _worker = service.work()
    const { browser, page } = await openPage()
    await using _browser = { [Symbol.asyncDispose]: async () => await browser.close() }
    await page.goto(app.origin)

    await page.addScriptTag({ path: join(import.meta.dirname, 'support/other-origin-page.js') })

    const seen = await page.evaluate(
      async (given) => await (globalThis as unknown as PageGlobals).uploadAndDraw(given),
      {
        api: service.url,
        token: await service.token('alice'),
        photo: (await fixture('plain.jpg')).toString('base64'),
      },
    )

    expect(seen).toEqual({
      status: 'ready',
      location: expect.stringMatching(/^\/v1\/photos\/\d+$/),
      etag: expect.any(String),
      webGlError: 0,
    })
  },
)
