import { SignJWT } from 'jose'
import type { OwnerId } from '../../photo/shard.ts'

/** A token that authenticate.ts takes as the owner's: JWT, HS256, with `sub`, `iat` and `exp` (RFC 7519), and perhaps our `role`. */
export async function signToken(
  secret: string,
  owner: OwnerId,
  expiresInSeconds: number,
  { isOperator = false }: { isOperator?: boolean } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return await new SignJWT(isOperator ? { role: 'operator' } : {})
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(owner)
    .setIssuedAt(now)
    .setExpirationTime(now + expiresInSeconds)
    .sign(new TextEncoder().encode(secret))
}
