import { existsSync } from 'node:fs'
import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { buildConsole } from './support/built-console.ts'
import { exchange } from './support/raw-http.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { startService, type TestService } from './support/service.ts'

const DIST = join(import.meta.dirname, '../console/dist')

let service: TestService
let direct: string

beforeAll(async () => {
  await buildConsole()
  const port = String(await freePort())
  direct = `http://127.0.0.1:${port}`
  service = await startService({
    CONSOLE: 'on',
    PORT: port,
    PUBLIC_URL: 'https://photos.example.com/apps/photos',
  })
})
afterAll(async () => await service[Symbol.asyncDispose]())

describe('GET /console', () => {
  test('is a page that runs only what it was built of, in no frame, and asks nobody else', async () => {
    const reply = await fetch(`${direct}/console`, { headers: { 'accept-encoding': 'br' } })

    const html = await reply.text()
    expect(reply.status).toBe(200)
    expect(html).toBe(await readFile(join(DIST, 'index.html'), 'utf8'))
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|https?:\/\//)
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob: https://photos.example.com; connect-src 'self' https://photos.example.com; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types console",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    // A browser's own way to ask again: fetch would ask for a new one.
    const known = `If-None-Match: ${reply.headers.get('etag')}`
    const request = [
      'GET /console HTTP/1.1',
      'Host: x',
      'Accept-Encoding: br',
      known,
      'Connection: close',
      '',
      '',
    ]
    const [again] = await exchange(direct, request.join('\r\n'))
    expect(again?.status).toBe(304)
  })

  test('names its parts beside itself, so that they are found under any path', async () => {
    for (const page of [`${direct}/console`, `${direct}/apps/photos/console`]) {
      const names = [...(await (await fetch(page)).text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(
        (match) => match[1] as string,
      )

      expect(names.length).toBeGreaterThanOrEqual(3)
      for (const name of names) {
        const part = await fetch(new URL(name, page))
        expect([name, part.status]).toEqual([name, 200])
        expect(part.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
        expect(part.headers.get('x-content-type-options')).toBe('nosniff')
      }
    }
  })

  test.each(['br', 'gzip'])('comes as %s to who takes that, all of it', async (encoding) => {
    const headers = { 'accept-encoding': encoding }
    const page = await fetch(`${direct}/console`, { headers })
    const script = /src="([^"]+)"/.exec(await page.text())?.[1] ?? ''
    const part = await fetch(new URL(script, page.url), { headers })

    for (const reply of [page, part]) {
      expect(reply.headers.get('content-encoding')).toBe(encoding)
      expect(reply.headers.get('vary')).toContain('accept-encoding')
    }
    expect(part.headers.get('content-type')).toMatch(/javascript/)
    expect(await part.text()).toBe(await readFile(join(DIST, script), 'utf8'))
  })

  test('with a slash leads to the page', async () => {
    const reply = await fetch(`${direct}/console/`, { redirect: 'manual' })

    expect([reply.status, reply.headers.get('location')]).toEqual([302, '/apps/photos/console'])
  })

  test('has nothing beside its parts', async () => {
    for (const path of ['/console/assets/', '/console/assets/no.js', '/console/assets/..%2findex.html'])
      expect((await fetch(`${direct}${path}`)).status).toBeGreaterThanOrEqual(400)
    expect((await fetch(`${direct}/console`, { method: 'PUT' })).status).toBe(405)
  })

  test('is not described: it is no part of the API', async () => {
    const document = await (await fetch(`${direct}/openapi.json`)).text()

    expect(document).not.toContain('"/console')
  })

  test('signs in under the path of PUBLIC_URL, over HTTPS alone', async () => {
    const code = await service.catalog.consoleCodes.make({ owner: 'alice' as never, isOperator: false })

    const reply = await fetch(`${direct}/apps/photos/console/session`, {
      method: 'POST',
      headers: { origin: 'https://photos.example.com', 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    })

    expect(reply.headers.get('set-cookie')).toMatch(
      /; Path=\/apps\/photos\/console; HttpOnly; SameSite=Strict; Secure$/,
    )
  })
})

test('a server without CONSOLE=on has no console', async () => {
  await using plain = await startService()

  const page = await fetch(`${plain.url}/console`)
  const session = await fetch(`${plain.url}/console/session`, { method: 'POST' })

  expect([page.status, session.status]).toEqual([404, 404])
})

test('pictures of a CDN are those that the page may show', async () => {
  await using behind = await startService({
    CONSOLE: 'on',
    CDN_URL: 'https://d111111abcdef8.cloudfront.net',
    CDN_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
    CDN_PRIVATE_KEY_FILE: join(service.config.home, 'signing-key.pem'),
    CDN_DISTRIBUTION_ID: 'EDFDVBD6EXAMPLE',
  })

  const policy = (await fetch(`${behind.url}/console`)).headers.get('content-security-policy')

  expect(policy).toContain("img-src 'self' blob: https://d111111abcdef8.cloudfront.net;")
  expect(policy).toContain("connect-src 'self' https://d111111abcdef8.cloudfront.net;")
})

describe('npm run build:console', () => {
  test('builds nothing when nothing has changed, and anew when the page is of other sources', async () => {
    const stamp = join(DIST, 'built-from')
    const long = new Date('2026-01-01')
    await utimes(join(DIST, 'index.html'), long, long)

    await buildConsole()
    const kept = (await readFile(stamp, 'utf8')).length
    await writeFile(stamp, 'others')
    // Two at once, as two that start.
    await Promise.all([buildConsole(), buildConsole()])

    expect(kept).toBe(64)
    expect(await readFile(stamp, 'utf8')).toHaveLength(64)
    expect(existsSync(join(DIST, 'before'))).toBe(false)
    expect(existsSync(join(DIST, 'index.html.br'))).toBe(true)
  })
})

describe('darkroom console', () => {
  test('prints a link that signs in, as an operator when asked', async () => {
    const env = { DATABASE_URL: service.database.url, DARKROOM_HOME: service.config.home, PORT: '4321' }

    const plain = await runDarkroom(['console', 'alice'], env)
    const operator = await runDarkroom(['console', '--operator'], env)

    const link = /^http:\/\/127\.0\.0\.1:4321\/console#code=([\w-]{22})\n$/
    const codes = [plain, operator].map(({ stdout }) => link.exec(stdout)?.[1] ?? '')
    const spent = await Promise.all(codes.map(async (code) => await service.catalog.consoleCodes.spend(code)))
    expect(spent).toEqual([
      { owner: 'alice', isOperator: false },
      { owner: 'me', isOperator: true },
    ])
  })

  test('says where tokens come from when an issuer makes them, and that the console is off', async () => {
    const env = { DATABASE_URL: service.database.url, DARKROOM_HOME: service.config.home }

    const issuer = await runDarkroom(['console'], { ...env, JWKS_URL: 'https://login.example/keys' })
    const off = await runDarkroom(['console'], { ...env, CONSOLE: 'off' })

    expect([issuer.code, issuer.stdout]).toEqual([1, ''])
    expect(issuer.stderr).toMatch(/Open http:\/\/127\.0\.0\.1:3000\/console, which asks for one\.\n$/)
    expect([off.code, off.stderr]).toEqual([1, 'darkroom: The console is off: CONSOLE=off.\n'])
  })
})
