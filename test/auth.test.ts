import { once } from 'node:events'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { EngineUnavailableError, UnauthenticatedError } from '../src/errors.ts'
import { createAuthenticate } from '../src/http/auth.ts'

const SECRET = 'a secret of at least thirty-two characters'
const bySecret = createAuthenticate({ kind: 'secret', secret: SECRET }, '')

async function sign(
  claims: Record<string, unknown>,
  { secret = SECRET, expires = '1h' as string | number } = {},
): Promise<string> {
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime(expires)
  return `Bearer ${await token.sign(new TextEncoder().encode(secret))}`
}

test('the owner is who the token is about', async () => {
  expect(await bySecret(await sign({ sub: 'alice' }))).toBe('alice')
})

test.each([
  ['Auth0', 'auth0|507f1f77bcf86cd799439011'],
  ['Google by Auth0', 'google-oauth2|108204207743204072711'],
  ['Apple', '000123.9f8e7d6c5b4a39281706f5e4d3c2b1a0.0456'],
  ['Cognito', 'eu-west-1:5f9c1b9e-2b1c-4a7e-8f3d-0c1d2e3f4a5b'],
  ['an address', 'alice+photos@example.com'],
  ['128 characters', 'x'.repeat(128)],
])('takes owners as %s names them', async (_provider, sub) => {
  expect(await bySecret(await sign({ sub }))).toBe(sub)
})

test.each([
  ['no header', async () => undefined],
  ['another scheme', async () => 'Basic YWxpY2U6c2VjcmV0'],
  ['no JWT', async () => 'Bearer nonsense'],
  [
    'another secret',
    async () => await sign({ sub: 'alice' }, { secret: 'another secret of thirty-two characters' }),
  ],
  ['an expired token', async () => await sign({ sub: 'alice' }, { expires: 1 })],
  ['no owner', async () => await sign({})],
  ['an owner with a slash', async () => await sign({ sub: 'a/b' })],
  ['an owner that is a number', async () => await sign({ sub: 7 })],
  ['an owner with a space', async () => await sign({ sub: 'a b' })],
  ['an owner that a path would lose', async () => await sign({ sub: '..' })],
  ['an owner of 129 characters', async () => await sign({ sub: 'x'.repeat(129) })],
  [
    'no signature',
    async () =>
      `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"alice"}').toString('base64url')}.`,
  ],
])('refuses %s', async (_what, header) => {
  await expect(bySecret(await header())).rejects.toThrow(UnauthenticatedError)
})

async function startIssuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: '1' }] }
  const server = createServer((_request, reply) =>
    reply.setHeader('content-type', 'application/json').end(JSON.stringify(keys)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    sign: async (claims: Record<string, unknown>) =>
      `Bearer ${await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: '1' }).setExpirationTime('1h').sign(privateKey)}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('tokens of an issuer are checked with the keys it publishes, and with the audience', async () => {
  await using issuer = await startIssuer()
  const byKeys = createAuthenticate(
    { kind: 'jwks', url: issuer.url, issuer: undefined, audience: 'darkroom' },
    '',
  )

  expect(await byKeys(await issuer.sign({ sub: 'alice', aud: 'darkroom' }))).toBe('alice')
  await expect(byKeys(await issuer.sign({ sub: 'alice', aud: 'elsewhere' }))).rejects.toThrow(
    UnauthenticatedError,
  )
  await expect(byKeys(await sign({ sub: 'alice', aud: 'darkroom' }))).rejects.toThrow(UnauthenticatedError)
})

test('an issuer that is away is our trouble and not the token of the client', async () => {
  const url = await (async () => {
    await using issuer = await startIssuer()
    return issuer.url
  })()
  await using other = await startIssuer()
  const byKeys = createAuthenticate({ kind: 'jwks', url, issuer: undefined, audience: undefined }, '')

  await expect(byKeys(await other.sign({ sub: 'alice' }))).rejects.toThrow(EngineUnavailableError)
})
