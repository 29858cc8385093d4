import { expect, test, vi } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { createAuthenticate } from '../src/http/auth/authenticate.ts'
import { openTokens } from '../src/http/auth/open-tokens.ts'
import { verifyBySecrets } from '../src/http/auth/verify-token.ts'
import { UnauthenticatedError } from '../src/http/errors.ts'
import { silentLog } from './support/service.ts'
import { SECRET, sign } from './support/token.ts'

const authenticate = createAuthenticate(verifyBySecrets([SECRET]))
const bySecret = async (header: string | undefined) => (await authenticate(header)).owner
const nowInSeconds = () => Math.floor(Date.now() / 1000)

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
  ['a token that never expires', async () => await sign({ sub: 'alice' }, { expires: null })],
  ['a token that is good in a minute', async () => await sign({ sub: 'alice', nbf: nowInSeconds() + 60 })],
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

test('a token that was good is refused once it has expired', async () => {
  const token = await sign({ sub: 'alice' }, { expires: nowInSeconds() + 60 })
  expect([await bySecret(token), await bySecret(token)]).toEqual(['alice', 'alice'])

  vi.useFakeTimers({ now: Date.now() + 70_000, toFake: ['Date'] })
  try {
    await expect(bySecret(token)).rejects.toThrow('The token has expired.')
  } finally {
    vi.useRealTimers()
  }
})

test('what else is told of the caller are their role, their limits, and until when the token is good', async () => {
  const plain = await authenticate(await sign({ sub: 'alice', role: 'author' }))
  const known = await authenticate(
    await sign({ sub: 'alice', role: 'operator', photosPerDay: 0, bytesPerDay: 1_000_000 }),
  )

  const expiresAt = expect.closeTo(Date.now() + 3_600_000, -5)
  expect(plain).toEqual({ owner: 'alice', isOperator: false, expiresAt, limits: {} })
  expect(known).toEqual({
    owner: 'alice',
    isOperator: true,
    expiresAt,
    limits: { photos: 0, bytes: 1_000_000 },
  })
})

test.each([{ photosPerDay: -1 }, { photosPerDay: '10' }, { bytesPerDay: 1.5 }, { bytesPerDay: 1e15 }])(
  'a limit that is none, %o, is refused and not taken for none',
  async (claims) => {
    await expect(bySecret(await sign({ sub: 'alice', ...claims }))).rejects.toThrow(
      /PerDay" in the token must be/,
    )
  },
)

test('clocks may differ by a few seconds', async () => {
  const early = await sign({ sub: 'alice', nbf: nowInSeconds() + 3 })
  const late = await sign({ sub: 'alice' }, { expires: nowInSeconds() - 2 })

  expect([await bySecret(early), await bySecret(late)]).toEqual(['alice', 'alice'])
})

test('a token of the secret before is taken while the secret is changed', async () => {
  const earlier = 'the secret of before, of thirty-two characters'
  const { auth } = loadConfig({ TOKEN_SECRET: SECRET, TOKEN_SECRET_PREVIOUS: earlier })
  const { authenticate } = await openTokens({ ...loadConfig({}), auth }, silentLog)

  expect((await authenticate(await sign({ sub: 'alice' }))).owner).toBe('alice')
  expect((await authenticate(await sign({ sub: 'bob' }, { secret: earlier }))).owner).toBe('bob')
  const other = await sign({ sub: 'bob' }, { secret: 'another secret of thirty-two characters' })
  await expect(authenticate(other)).rejects.toThrow(UnauthenticatedError)
})
