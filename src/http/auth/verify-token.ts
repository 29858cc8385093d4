import { createSecretKey, type KeyObject } from 'node:crypto'
import {
  type CryptoKey,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose'
import { LRUCache } from 'lru-cache'
import type { IssuerKeys } from './issuer-keys.ts'

/** The claims of a token that is signed as it should be and good at this moment. Throws jose's errors otherwise. */
export type VerifyToken = (token: string) => Promise<JWTPayload>

/** Clocks of servers differ by a few seconds. */
const TOLERANCE_S = 5
/** A token that never expires could not be taken back. */
const RULES: JWTVerifyOptions = { requiredClaims: ['exp', 'sub'], clockTolerance: TOLERANCE_S }

/** Tokens that are remembered: as many as clients ask at a time, of some hundred bytes each. */
const MOST_TOKENS = 10_000

/**
 * HS256, by any of the secrets: more than one while they are changed. What a secret has signed stays so: a token that comes
 * again is only asked whether it has expired, as a check takes a quarter of all that an unchanged feed does.
 */
export function verifyBySecrets(secrets: readonly string[]): VerifyToken {
  // Imported once: of bytes, jose would make a key anew for every token.
  const keys = secrets.map((secret) => createSecretKey(secret, 'utf8'))
  const options = { ...RULES, algorithms: ['HS256'] }
  const verified = new LRUCache<string, JWTPayload>({ max: MOST_TOKENS })
  return async (token) => {
    const known = verified.get(token)
    if (known && !isExpired(known)) return known
    const claims = await verifyByAny(keys, token, options)
    verified.set(token, claims)
    return claims
  }
}

function isExpired({ exp = 0 }: JWTPayload): boolean {
  return exp + TOLERANCE_S <= Date.now() / 1000
}

/**
 * RS256 and ES256, by the keys that an issuer publishes; with its `iss` and an `aud` that is ours when they are
 * given. Throws EngineUnavailableError while the keys can't be had.
 */
export function verifyByIssuer(
  keys: IssuerKeys,
  { issuer, audience }: { issuer: string | null; audience: string | null },
): VerifyToken {
  const options: JWTVerifyOptions = {
    ...RULES,
    algorithms: ['RS256', 'ES256'],
    ...(issuer && { issuer }),
    ...(audience && { audience }),
  }
  const verify: VerifyToken = async (token) => {
    try {
      return (await jwtVerify(token, keys.keyOf, options)).payload
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
      // Without a "kid" it may be any of them.
      return await verifyByAny(error, token, options)
    }
  }
  return async (token) => {
    const cameAt = performance.now()
    try {
      return await verify(token)
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed) || decodeProtectedHeader(token).kid)
        throw error
      // Without a "kid" nothing tells that the key is a new one.
      await keys.refreshedSince(cameAt)
      return await verify(token)
    }
  }
}

async function verifyByAny(
  keys: Iterable<KeyObject> | AsyncIterable<CryptoKey>,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}
