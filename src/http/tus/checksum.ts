import type { Checksum } from '../../ingest/resumable.ts'
import { InvalidFieldError } from '../errors.ts'

const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const

/** What may be named, the one that every server has first. */
export const CHECKSUM_ALGORITHMS = Object.keys(DIGEST_BYTES) as (keyof typeof DIGEST_BYTES)[]

/** What Upload-Checksum says of the body, null without it. Throws InvalidFieldError. */
export function parseChecksum(header: string | undefined): Checksum | null {
  if (header === undefined) return null
  const [name = '', base64 = ''] = header.split(' ')
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === name)
  const digest = Buffer.from(base64, 'base64')
  if (
    algorithm === undefined ||
    digest.length !== DIGEST_BYTES[algorithm] ||
    digest.toString('base64') !== base64
  )
    throw new InvalidFieldError(
      `Upload-Checksum must be ${CHECKSUM_ALGORITHMS.join(', ').replace(/, (?=\w+$)/, ' or ')}, a space, and the digest in base64.`,
    )
  return { algorithm, digest }
}
