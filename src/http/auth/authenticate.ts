import { errors, type JWTPayload } from 'jose'
import { type DailyLimits, MAX_DAILY_LIMIT } from '../../photo/daily-limits.ts'
import { isOwnerId, OWNER_ID_RULE, type OwnerId } from '../../photo/shard.ts'
import { UnauthenticatedError } from '../errors.ts'
import type { VerifyToken } from './verify-token.ts'

/** Whom a token is of. */
export type Caller = {
  owner: OwnerId
  isOperator: boolean
  /** When the token expires, in milliseconds. */
  expiresAt: number
  /** What the issuer lets them upload in a day; what it says nothing of is as configured. */
  limits: Partial<DailyLimits>
}

/** Tells the caller from an Authorization header. Throws UnauthenticatedError. */
export type Authenticate = (authorization: string | undefined) => Promise<Caller>

/** The claims that limit a day, by what they limit. */
const LIMIT_CLAIMS = { photos: 'photosPerDay', bytes: 'bytesPerDay' } as const

/** Bearer tokens (RFC 6750) that are JWTs. Throws EngineUnavailableError while the keys to verify with can't be had. */
export function createAuthenticate(verify: VerifyToken): Authenticate {
  return async (authorization) => {
    const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization ?? '')?.[1]
    if (!token) throw new UnauthenticatedError('Send a token: Authorization: Bearer <JWT>.')
    const claims = await verify(token).catch((error) => {
      throw error instanceof errors.JOSEError ? unauthenticated(error) : error
    })
    const { sub, role, exp = 0 } = claims
    if (!isOwnerId(sub))
      throw new UnauthenticatedError(`The token must name its owner in "sub": ${OWNER_ID_RULE}.`)
    return { owner: sub, isOperator: role === 'operator', expiresAt: exp * 1000, limits: limitsOf(claims) }
  }
}

function limitsOf(claims: JWTPayload): Partial<DailyLimits> {
  const claimed = Object.entries(LIMIT_CLAIMS).filter(([, claim]) => claims[claim] !== undefined)
  return Object.fromEntries(
    claimed.map(([limited, claim]) => {
      const limit = Number.isInteger(claims[claim]) ? (claims[claim] as number) : -1
      if (limit >= 0 && limit <= MAX_DAILY_LIMIT) return [limited, limit]
      throw new UnauthenticatedError(
        `"${claim}" in the token must be a whole number from 0 to ${MAX_DAILY_LIMIT}.`,
      )
    }),
  )
}

function unauthenticated(error: errors.JOSEError): UnauthenticatedError {
  if (error instanceof errors.JWTExpired) return new UnauthenticatedError('The token has expired.')
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new UnauthenticatedError(`The token is not valid: ${error.message}.`, { cause: error })
  }
  return new UnauthenticatedError('The token is not valid.', { cause: error })
}
