import { SignJWT } from 'jose'

export const SECRET = 'a secret of at least thirty-two characters'

export async function sign(
  claims: Record<string, unknown>,
  { secret = SECRET, expires = '1h' as string | number | null } = {},
): Promise<string> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setIssuedAt()
  if (expires !== null) token.setExpirationTime(expires)
  return `Bearer ${await token.sign(new TextEncoder().encode(secret))}`
}
