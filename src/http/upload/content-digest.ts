import { DIGEST_BYTES, type DigestAlgorithm, type Digests } from '../../ingest/digests.ts'
import { InvalidDigestError } from '../errors.ts'

/** A member of a dictionary of structured fields (RFC 9651): a key, and a value that is not looked at before it is known. */
const MEMBER = /^([a-z*][a-z0-9_.*-]*)(?:=(.+))?$/
const BYTES = /^:([A-Za-z0-9+/]*={0,2}):(?:\s*;.*)?$/

/**
 * The digests that Content-Digest names (RFC 9530), as far as their algorithms are known here: of others nothing is
 * looked at. Throws InvalidDigestError.
 */
export function parseContentDigest(header: string | undefined): Digests {
  const digests = new Map<DigestAlgorithm, Buffer>()
  if (header === undefined) return digests
  for (const text of header.split(',')) {
    const [, algorithm, value = ''] = MEMBER.exec(text.trim()) ?? []
    if (algorithm === undefined) throw new InvalidDigestError()
    if (Object.hasOwn(DIGEST_BYTES, algorithm)) {
      const known = algorithm as DigestAlgorithm
      digests.set(known, digestIn(value, DIGEST_BYTES[known]))
    }
  }
  return digests
}

function digestIn(value: string, bytes: number): Buffer {
  const base64 = BYTES.exec(value)?.[1]
  const digest = Buffer.from(base64 ?? '', 'base64')
  if (digest.length !== bytes || digest.toString('base64') !== base64) throw new InvalidDigestError()
  return digest
}
