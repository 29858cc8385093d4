import { mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { SetupError } from '../src/errors.ts'
import { createAuthenticate } from '../src/http/auth/authenticate.ts'
import { signToken } from '../src/http/auth/sign-token.ts'
import { openTokenSecret, readTokenSecret } from '../src/http/auth/token-secret.ts'
import { verifyBySecrets } from '../src/http/auth/verify-token.ts'
import { UnauthenticatedError } from '../src/http/errors.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { runDarkroom } from './support/run-darkroom.ts'

const SECRET = 'a secret of more than thirty-two characters'

async function temporaryHome() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-home-'))
  return { home: join(folder.path, 'home'), [Symbol.asyncDispose]: () => folder.remove() }
}

async function authenticateWith(secret: string, token: string): Promise<OwnerId> {
  return (await createAuthenticate(verifyBySecrets([secret]))(`Bearer ${token}`)).owner
}

describe('darkroom token', () => {
  test('prints a token that the server takes as the owner, and nothing else', async () => {
    const ran = await runDarkroom(['token', 'alice'], { TOKEN_SECRET: SECRET })

    expect(ran).toEqual({ code: 0, stdout: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/), stderr: '' })
    expect(await authenticateWith(SECRET, ran.stdout.trim())).toBe('alice')
  })

  test('makes it HS256 with sub, iat and exp, for 7 days or as long as asked', async () => {
    const week = await runDarkroom(['token', 'alice'], { TOKEN_SECRET: SECRET })
    const hour = await runDarkroom(['token', 'alice', '--expires', '1h'], { TOKEN_SECRET: SECRET })

    const { sub, iat = 0, exp } = decodeJwt(week.stdout)
    expect(decodeProtectedHeader(week.stdout).alg).toBe('HS256')
    expect([sub, exp]).toEqual(['alice', iat + 7 * 86_400])
    expect(decodeJwt(hour.stdout).exp).toBe((decodeJwt(hour.stdout).iat ?? 0) + 3600)
  })

  test('signs with the secret of the home when none is set', async () => {
    await using temporary = await temporaryHome()
    const secret = await openTokenSecret(temporary.home)

    const ran = await runDarkroom(['token', 'alice'], { DARKROOM_HOME: temporary.home })

    expect(await authenticateWith(secret, ran.stdout.trim())).toBe('alice')
  })

  test('says what to do when there is no secret yet, and makes none', async () => {
    await using temporary = await temporaryHome()

    const ran = await runDarkroom(['token', 'alice'], { DARKROOM_HOME: temporary.home })

    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toMatch(
      /^darkroom: There is no token secret in .*Run `npm start` once, or set TOKEN_SECRET\.\n$/,
    )
    await expect(stat(temporary.home)).rejects.toThrow('ENOENT')
  })

  test('says where tokens come from when an issuer makes them', async () => {
    const ran = await runDarkroom(['token', 'alice'], { JWKS_URL: 'https://login.example/keys' })

    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toContain('Tokens come from the issuer whose keys are at https://login.example/keys')
  })

  test('refuses an owner and a duration that can not be', async () => {
    const badOwner = await runDarkroom(['token', 'al ice'], { TOKEN_SECRET: SECRET })
    const badDuration = await runDarkroom(['token', 'alice', '--expires', 'soon'], { TOKEN_SECRET: SECRET })

    expect([badOwner.code, badOwner.stdout]).toEqual([1, ''])
    expect(badOwner.stderr).toContain('1 to 128 of A-Z a-z 0-9 _ - . : | @ +')
    expect([badDuration.code, badDuration.stdout]).toEqual([1, ''])
    expect(badDuration.stderr).toContain('90s, 15m, 12h or 7d')
  })
})

describe('signToken', () => {
  test('makes a token that only its secret and only its time let in', async () => {
    const token = await signToken(SECRET, 'alice' as OwnerId, 60)
    const expired = await signToken(SECRET, 'alice' as OwnerId, -60)

    expect(await authenticateWith(SECRET, token)).toBe('alice')
    await expect(authenticateWith(`${SECRET}!`, token)).rejects.toThrow(UnauthenticatedError)
    await expect(authenticateWith(SECRET, expired)).rejects.toThrow('The token has expired.')
  })
})

describe('the token secret', () => {
  test('is made once, long, and for its user only', async () => {
    await using temporary = await temporaryHome()
    const { home } = temporary

    const first = await openTokenSecret(home)
    const second = await openTokenSecret(home)

    expect(Buffer.from(first, 'base64url')).toHaveLength(32)
    expect(second).toBe(first)
    expect(await readTokenSecret(home)).toBe(first)
    expect((await stat(join(home, 'token-secret'))).mode & 0o777).toBe(0o600)
  })

  test('is one for all who make it at the same moment', async () => {
    await using temporary = await temporaryHome()
    const { home } = temporary

    const secrets = await Promise.all(Array.from({ length: 20 }, () => openTokenSecret(home)))

    expect(new Set(secrets)).toEqual(new Set([await readTokenSecret(home)]))
    expect(await readdir(home)).toEqual(['token-secret'])
  })

  test('that somebody emptied is refused, not replaced', async () => {
    await using temporary = await temporaryHome()
    const { home } = temporary
    await mkdir(home)
    await writeFile(join(home, 'token-secret'), '\n')

    const opening = openTokenSecret(home)

    await expect(opening).rejects.toThrow(SetupError)
    await expect(opening).rejects.toThrow('remove it, and the next start makes one')
    expect(await readFile(join(home, 'token-secret'), 'utf8')).toBe('\n')
  })

  test('says so when its home can not be had', async () => {
    await using temporary = await temporaryHome()
    await writeFile(temporary.home, 'a file')

    const opening = openTokenSecret(temporary.home)

    await expect(opening).rejects.toThrow(SetupError)
    await expect(opening).rejects.toThrow(/ENOTDIR/)
  })
})
