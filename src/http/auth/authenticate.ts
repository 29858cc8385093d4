import { errors } from 'jose'
import { isOwnerId, OWNER_ID_RULE, type OwnerId } from '../../photo/shard.ts'
import { UnauthenticatedError } from '../errors.ts'
import type { VerifyToken } from './verify-token.ts'

/** Tells the owner from an Authorization header. Throws UnauthenticatedError. */
export type Authenticate = (authorization: string | undefined) => Promise<OwnerId>

/** Bearer tokens (RFC 6750) that are JWTs. Throws EngineUnavailableError while the keys to verify with can't be had. */
export function createAuthenticate(verify: VerifyToken): Authenticate {
  return async (authorization) => {
    const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization ?? '')?.[1]
    if (!token) throw new UnauthenticatedError('Send a token: Authorization: Bearer <JWT>.')
    const { sub } = await verify(token).catch((error) => {
      throw error instanceof errors.JOSEError ? unauthenticated(error) : error
    })
    if (isOwnerId(sub)) return sub
    throw new UnauthenticatedError(`The token must name its owner in "sub": ${OWNER_ID_RULE}.`)
  }
}

function unauthenticated(error: errors.JOSEError): UnauthenticatedError {
  if (error instanceof errors.JWTExpired) return new UnauthenticatedError('The token has expired.')
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new UnauthenticatedError(`The token is not valid: ${error.message}.`, { cause: error })
  }
  return new UnauthenticatedError('The token is not valid.', { cause: error })
}
