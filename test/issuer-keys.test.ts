import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import { createAuthenticate } from '../src/http/auth/authenticate.ts'
import { examineTokens } from '../src/http/auth/examine-tokens.ts'
import { IssuerKeys } from '../src/http/auth/issuer-keys.ts'
import { openTokens } from '../src/http/auth/open-tokens.ts'
import { verifyByIssuer } from '../src/http/auth/verify-token.ts'
import { UnauthenticatedError } from '../src/http/errors.ts'
import { recordedLog, silentLog } from './support/service.ts'
import { sign } from './support/token.ts'

async function newKey(kid?: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const id = kid === undefined ? {} : { kid }
  return {
    published: { ...(await exportJWK(publicKey)), alg: 'ES256', ...id },
    sign: async (claims: Record<string, unknown>) =>
      `Bearer ${await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', ...id })
        .setExpirationTime('1h')
        .sign(privateKey)}`,
  }
}

type Key = Awaited<ReturnType<typeof newKey>>

/** An issuer that answers as told, and counts how often it is asked. */
async function startIssuer(...keys: Key[]) {
  let answer: RequestListener = () => {}
  let requests = 0
  const server = createServer((request, reply) => {
    requests++
    answer(request, reply)
  })
  const publish = (...published: Key[]) => {
    answer = (_request, reply) => reply.end(JSON.stringify({ keys: published.map((key) => key.published) }))
  }
  publish(...keys)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    requests: () => requests,
    publish,
    answer: (as: RequestListener) => {
      answer = as
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const OFTEN = { refreshMs: 10, retryMs: 10, pauseMs: 20 }

function openIssuerKeys(url: string, audience?: string, times?: typeof OFTEN) {
  const keys = new IssuerKeys(url, silentLog, times)
  return {
    authenticate: createAuthenticate(verifyByIssuer(keys, { issuer: null, audience: audience ?? null })),
    [Symbol.dispose]: () => keys[Symbol.dispose](),
  }
}

const FAULTS: [string, RequestListener][] = [
  ['an error', (_request, reply) => reply.writeHead(500).end('oops')],
  ['a page about its maintenance', (_request, reply) => reply.end('<html>Back soon</html>')],
  ['no keys', (_request, reply) => reply.end('{"keys":[]}')],
  ['keys of another kind', (_request, reply) => reply.end('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}')],
  ['no list of keys', (_request, reply) => reply.end('{"keys":{"kty":"EC"}}')],
  ['null', (_request, reply) => reply.end('null')],
  ['half an answer', (_request, reply) => reply.write('{"keys":', () => reply.destroy())],
  ['the way to elsewhere', (_request, reply) => reply.writeHead(302, { location: '/elsewhere' }).end()],
  [
    'a body without an end',
    (_request, reply) => {
      const send = () => reply.write(' '.repeat(65_536), (error) => error ?? setImmediate(send))
      send()
    },
  ],
]

describe('the keys of an issuer', () => {
  test('check its tokens, and the audience', async () => {
    const key = await newKey('1')
    await using issuer = await startIssuer(key)
    using tokens = openIssuerKeys(issuer.url, 'darkroom')

    expect((await tokens.authenticate(await key.sign({ sub: 'alice', aud: 'darkroom' }))).owner).toBe('alice')
    for (const token of [
      await key.sign({ sub: 'alice', aud: 'elsewhere' }),
      await key.sign({ sub: 'alice' }),
      await sign({ sub: 'alice', aud: 'darkroom' }),
      await (await newKey('1')).sign({ sub: 'alice', aud: 'darkroom' }),
    ]) {
      await expect(tokens.authenticate(token)).rejects.toThrow(UnauthenticatedError)
    }
  })

  test('are found when they are changed just after they were fetched', async () => {
    const [old, next] = [await newKey('1'), await newKey('2')]
    await using issuer = await startIssuer(old)
    using tokens = openIssuerKeys(issuer.url)
    await tokens.authenticate(await old.sign({ sub: 'alice' }))

    issuer.publish(old, next)

    expect((await tokens.authenticate(await next.sign({ sub: 'alice' }))).owner).toBe('alice')
  })

  test('are found without a name, also when there are several', async () => {
    const [old, next] = [await newKey(), await newKey()]
    await using issuer = await startIssuer(old, next)
    using tokens = openIssuerKeys(issuer.url)

    expect((await tokens.authenticate(await next.sign({ sub: 'alice' }))).owner).toBe('alice')
    await expect(tokens.authenticate(await (await newKey()).sign({ sub: 'alice' }))).rejects.toThrow(
      UnauthenticatedError,
    )
  })

  test('are found when they are changed, also without a name', async () => {
    const [old, next] = [await newKey(), await newKey()]
    await using issuer = await startIssuer(old)
    using tokens = openIssuerKeys(issuer.url, undefined, { ...OFTEN, refreshMs: 600_000 })
    await tokens.authenticate(await old.sign({ sub: 'alice' }))

    issuer.publish(next)

    expect((await tokens.authenticate(await next.sign({ sub: 'alice' }))).owner).toBe('alice')
    await expect(tokens.authenticate(await old.sign({ sub: 'alice' }))).rejects.toThrow(UnauthenticatedError)
  })

  test('are asked for rarely, whatever keys tokens name', async () => {
    await using issuer = await startIssuer(await newKey('1'))
    using tokens = openIssuerKeys(issuer.url)
    const forged = await Promise.all(
      Array.from({ length: 50 }, async (_, kid) => (await newKey(`forged-${kid}`)).sign({ sub: 'alice' })),
    )

    const answers = await Promise.allSettled(forged.map(tokens.authenticate))

    const reasons = answers.map((answer) => answer.status === 'rejected' && answer.reason)
    expect(reasons.every((reason) => reason instanceof UnauthenticatedError)).toBe(true)
    expect(issuer.requests()).toBeLessThanOrEqual(2)
  })

  test.each(FAULTS)(
    'are unavailable when the issuer answers with %s, which is not the fault of a token',
    async (_what, answer) => {
      const key = await newKey('1')
      await using issuer = await startIssuer(key)
      issuer.answer(answer)
      using tokens = openIssuerKeys(issuer.url)

      const asking = tokens.authenticate(await key.sign({ sub: 'alice' }))

      await expect(asking).rejects.toThrow(EngineUnavailableError)
    },
  )

  test('are unavailable when they are malformed', async () => {
    const key = await newKey('1')
    await using issuer = await startIssuer()
    issuer.answer((_request, reply) => reply.end('{"keys":[{"kty":"EC","crv":"P-256","kid":"1"}]}'))
    using tokens = openIssuerKeys(issuer.url)

    await expect(tokens.authenticate(await key.sign({ sub: 'alice' }))).rejects.toThrow(
      EngineUnavailableError,
    )
  })

  test.each(FAULTS)(
    'that are known are good while the issuer answers with %s; unknown ones are unavailable',
    async (_what, answer) => {
      const [known, unknown] = [await newKey('1'), await newKey('2')]
      await using issuer = await startIssuer(known)
      using tokens = openIssuerKeys(issuer.url, undefined, OFTEN)
      await tokens.authenticate(await known.sign({ sub: 'alice' }))

      issuer.answer(answer)
      const seen = issuer.requests()
      await expect.poll(issuer.requests).toBeGreaterThan(seen + 1)

      expect((await tokens.authenticate(await known.sign({ sub: 'alice' }))).owner).toBe('alice')
      await expect(tokens.authenticate(await unknown.sign({ sub: 'alice' }))).rejects.toThrow(
        EngineUnavailableError,
      )
    },
  )

  test('are fetched anew, so that one that was withdrawn is refused', async () => {
    const [withdrawn, kept] = [await newKey('1'), await newKey('2')]
    await using issuer = await startIssuer(withdrawn, kept)
    using tokens = openIssuerKeys(issuer.url, undefined, OFTEN)
    const token = await withdrawn.sign({ sub: 'alice' })
    expect((await tokens.authenticate(token)).owner).toBe('alice')

    issuer.publish(kept)

    const verdict = () => tokens.authenticate(token).catch((error) => error.code)
    await expect.poll(verdict).toBe('unauthenticated')
  })

  test('of other apps are warned of at the start, when no audience is set', async () => {
    await using issuer = await startIssuer(await newKey('1'))
    const warnings = async (env: Record<string, string>) => {
      const { log, lines } = recordedLog('warn')
      using _tokens = await openTokens(loadConfig({ JWKS_URL: issuer.url, ...env }), log)
      return lines.map(({ msg }) => msg)
    }

    expect(await warnings({})).toEqual([expect.stringContaining('TOKEN_AUDIENCE is not set')])
    expect(await warnings({ TOKEN_AUDIENCE: 'darkroom' })).toEqual([])
  })

  test('are asked for by the doctor', async () => {
    await using issuer = await startIssuer(await newKey('1'), await newKey('2'))
    const config = loadConfig({ JWKS_URL: issuer.url, TOKEN_AUDIENCE: 'darkroom' })

    expect(await examineTokens(config)).toBe(`2 keys at ${issuer.url}, tokens for darkroom`)
    issuer.answer((_request, reply) => reply.writeHead(404).end())
    await expect(examineTokens(config)).rejects.toThrow(EngineUnavailableError)
  })
})
