import { createSecretKey } from 'node:crypto'
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { AuthConfig } from '../config.ts'
import { EngineUnavailableError, UnauthenticatedError } from '../errors.ts'
import { isOwnerId, OWNER_ID_RULE, type OwnerId } from '../photo/shard.ts'

/** Tells the owner from an Authorization header. Throws UnauthenticatedError. */
export type Authenticate = (authorization: string | undefined) => Promise<OwnerId>

type Verify = (token: string) => Promise<JWTPayload>

/** Bearer tokens (RFC 6750) that are JWTs: HS256 with a secret, or RS256 and ES256 with the keys of a JWKS URL. */
export function createAuthenticate(auth: AuthConfig, homeSecret: string): Authenticate {
  const verify = createVerify(auth, homeSecret)
  return async (authorization) => {
    const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization ?? '')?.[1]
    if (!token) throw new UnauthenticatedError('Send a token: Authorization: Bearer <JWT>.')
    const { sub } = await verify(token).catch((error) => {
      if (error instanceof errors.JWTExpired) throw new UnauthenticatedError('The token has expired.')
      if (isKeysAway(error)) {
        throw new EngineUnavailableError('The keys that tokens are checked with can not be had.', {
          cause: error,
        })
      }
      throw new UnauthenticatedError('The token is not valid.', { cause: error })
    })
    if (!isOwnerId(sub)) {
      throw new UnauthenticatedError(`The token must name its owner in "sub": ${OWNER_ID_RULE}.`)
    }
    return sub
  }
}

function createVerify(auth: AuthConfig, homeSecret: string): Verify {
  switch (auth.kind) {
    case 'secret': {
      // Imported once: of bytes, jose would make a key anew for every token.
      const key = createSecretKey(auth.secret ?? homeSecret, 'utf8')
      return async (token) => (await jwtVerify(token, key, { algorithms: ['HS256'] })).payload
    }
    case 'jwks': {
      const keys = createRemoteJWKSet(new URL(auth.url), { timeoutDuration: 5_000 })
      const options: JWTVerifyOptions = { algorithms: ['RS256', 'ES256'] }
      if (auth.issuer) options.issuer = auth.issuer
      if (auth.audience) options.audience = auth.audience
      return async (token) => (await jwtVerify(token, keys, options)).payload
    }
  }
}

/** Everything else jose throws is about the token; these are about the issuer's server. */
function isKeysAway(error: unknown): boolean {
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof TypeError ||
    (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC')
  )
}
