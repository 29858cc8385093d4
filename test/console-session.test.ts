import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { buildConsole } from './support/built-console.ts'
import { recordedLog, startService, type TestService } from './support/service.ts'

let service: TestService
const { lines, log } = recordedLog('debug')

beforeAll(async () => {
  await buildConsole()
  service = await startService({ CONSOLE: 'on' }, log)
})
afterAll(async () => await service[Symbol.asyncDispose]())

async function codeFor(owner: string, isOperator = false, of = service): Promise<string> {
  return await of.catalog.consoleCodes.make({ owner: owner as never, isOperator })
}

async function ask(
  method: string,
  path: string,
  { body, headers = {}, of = service }: { body?: object; headers?: Record<string, string>; of?: TestService },
) {
  return await fetch(`${of.url}${path}`, {
    method,
    headers: {
      origin: new URL(of.url).origin,
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
  })
}

async function signIn(body: object, of = service): Promise<{ reply: Response; cookie: string }> {
  const reply = await ask('POST', '/console/session', { body, of })
  return { reply, cookie: (reply.headers.get('set-cookie') ?? '').replace(/;.*/, '') }
}

async function codeOf(reply: Response): Promise<[number, unknown]> {
  return [reply.status, ((await reply.json()) as { code: string }).code]
}

describe('a session of the console', () => {
  test('begins with a code, in a cookie that no script reads and no other site sends', async () => {
    const { reply, cookie } = await signIn({ code: await codeFor('alice') })

    expect([reply.status, await reply.text()]).toEqual([204, ''])
    expect(reply.headers.get('set-cookie')).toMatch(
      /^darkroom_console=[\w.-]+; Max-Age=86[34]\d\d; Path=\/console; HttpOnly; SameSite=Strict$/,
    )
    const token = await ask('POST', '/console/token', { body: {}, headers: { cookie } })
    expect(token.headers.get('cache-control')).toBe('no-store')
    const { token: bearer, owner, expiresAt } = (await token.json()) as Record<string, string>
    expect(owner).toBe('alice')
    expect(Date.parse(expiresAt as string)).toBeGreaterThan(Date.now())
    const me = await fetch(`${service.url}/v1/me`, { headers: { authorization: `Bearer ${bearer}` } })
    expect(await me.json()).toMatchObject({ owner: 'alice', role: null })
  })

  test("of a code that was made for an operator opens what is an operator's", async () => {
    const { cookie } = await signIn({ code: await codeFor('ops', true) })

    const token = await ask('POST', '/console/token', { headers: { cookie } })

    const { token: bearer } = (await token.json()) as { token: string }
    const me = await fetch(`${service.url}/v1/me`, { headers: { authorization: `Bearer ${bearer}` } })
    expect(await me.json()).toMatchObject({ owner: 'ops', role: 'operator' })
  })

  test('begins with a token of the app, too, and lasts as long as that', async () => {
    const token = await service.token('bob')

    const { reply, cookie } = await signIn({ token })

    expect(reply.status).toBe(204)
    expect(cookie).toBe(`darkroom_console=${token}`)
    expect(reply.headers.get('set-cookie')).toMatch(/Max-Age=3(5\d\d|600);/)
  })

  test('begins once with a code, whoever else has it at the same moment', async () => {
    const code = await codeFor('alice')

    const tries = await Promise.all(Array.from({ length: 5 }, async () => await signIn({ code })))

    const statuses = tries.map(({ reply }) => reply.status).toSorted()
    expect(statuses).toEqual([204, 403, 403, 403, 403])
    const late = await signIn({ code })
    expect(await codeOf(late.reply)).toEqual([403, 'console_code_spent'])
    expect(late.cookie).toBe('')
  })

  test('does not begin with a code of five minutes ago, which is forgotten', async () => {
    const code = await codeFor('alice')
    await service.database.query(`update console_codes set expires_at = expires_at - interval '5 minutes'`)

    const { reply } = await signIn({ code })

    expect(await codeOf(reply)).toEqual([403, 'console_code_spent'])
    expect(await service.database.query('select * from console_codes')).toEqual([])
  })

  test('begins only from the page itself', async () => {
    const code = await codeFor('alice')
    const foreign = { origin: 'http://evil.example' }

    const tried = await ask('POST', '/console/session', { body: { code }, headers: foreign })
    const { cookie } = await signIn({ code })
    const stolen = await ask('POST', '/console/token', { headers: { cookie, ...foreign } })
    const otherPort = await ask('POST', '/console/token', {
      headers: { cookie, origin: 'http://127.0.0.1:1' },
    })
    const none = await fetch(`${service.url}/console/token`, { method: 'POST', headers: { cookie } })

    for (const reply of [tried, stolen, otherPort, none])
      expect(await codeOf(reply)).toEqual([403, 'foreign_origin'])
    expect(cookie).not.toBe('')
  })

  test('is where the page is, under whatever name this server was asked', async () => {
    const port = new URL(service.url).port
    const atLocalhost = `http://localhost:${port}`

    const reply = await fetch(`http://127.0.0.1:${port}/console/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: atLocalhost },
      body: JSON.stringify({ code: await codeFor('alice') }),
    })

    // Asked as 127.0.0.1, it is no page of localhost.
    expect(reply.status).toBe(403)
  })

  test('ends when it is signed out, and with its token', async () => {
    const { cookie } = await signIn({ code: await codeFor('alice') })

    const out = await ask('DELETE', '/console/session', { headers: { cookie } })
    const without = await ask('POST', '/console/token', {})
    const broken = await ask('POST', '/console/token', { headers: { cookie: 'darkroom_console=a.b.c' } })

    expect(out.status).toBe(204)
    expect(out.headers.get('set-cookie')).toMatch(/^darkroom_console=; Max-Age=0; Path=\/console;/)
    expect(await codeOf(without)).toEqual([401, 'unauthenticated'])
    expect(await codeOf(broken)).toEqual([401, 'unauthenticated'])
  })

  test.each([
    ['nothing', {}],
    ['both', { code: 'a', token: 'b' }],
    ['a number', { code: 1 }],
    ['what is not known', { password: 'x' }],
  ])('does not begin with %s', async (_what, body) => {
    const { reply } = await signIn(body)

    expect(await codeOf(reply)).toEqual([400, 'invalid_field'])
  })

  test('opens the API by no cookie', async () => {
    const { cookie } = await signIn({ code: await codeFor('alice') })

    const reply = await fetch(`${service.url}/v1/me`, { headers: { cookie } })

    expect(reply.status).toBe(401)
  })

  test('leaves neither code nor token in the log', async () => {
    const code = await codeFor('alice')
    const token = await service.token('alice')
    await signIn({ code })
    await signIn({ code })
    await signIn({ token: `${token}x` })

    const said = JSON.stringify(lines)

    await vi.waitFor(() => expect(said).toContain('console_code_spent'))
    for (const secret of [code, token]) expect(said).not.toContain(secret)
  })
})

test('whoever tries to sign in over and over is asked to wait', async () => {
  await using own = await startService({ CONSOLE: 'on' })

  const tries = await Promise.all(
    Array.from({ length: 30 }, async () => await signIn({ code: 'AAAAAAAAAAAAAAAAAAAAAA' }, own)),
  )

  const refused = tries.filter(({ reply }) => reply.status === 429)
  expect(refused.length).toBeGreaterThanOrEqual(10)
  expect(await codeOf((refused[0] as { reply: Response }).reply)).toEqual([429, 'too_many_requests'])
  expect(refused[0]?.reply.headers.get('retry-after')).toMatch(/^\d+$/)
  const { reply: token } = { reply: await ask('POST', '/console/token', { of: own }) }
  expect(token.status).toBe(401)
})
