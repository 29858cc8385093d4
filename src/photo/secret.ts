import { randomBytes } from 'node:crypto'

/**
 * 64 random bits of a photo's own in the keys of its renditions, so that none can be guessed: 8 bytes in base64url. A
 * photo that changes its visibility gets another.
 */
export type Secret = string & { readonly brand: 'Secret' }

/** The last of the 11 characters has two bits left over, which are 0. */
export const SECRET_PATTERN = '[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]'

export function newSecret(): Secret {
  return randomBytes(8).toString('base64url') as Secret
}
