import { createHash, type Hash } from 'node:crypto'
import { DigestMismatchError } from '../errors.ts'

/** The algorithms that are looked at, of those there are (RFC 9530), with the bytes of a digest. */
export const DIGEST_BYTES = { 'sha-256': 32, 'sha-512': 64 } as const
export type DigestAlgorithm = keyof typeof DIGEST_BYTES

/** What a client says of the bytes it sends. */
export type Digests = ReadonlyMap<DigestAlgorithm, Buffer>

export const NO_DIGESTS: Digests = new Map()

/** Looks whether bytes that flow by are those that a client named. */
export class DigestCheck {
  readonly #wanted: Digests
  readonly #hashes: Map<DigestAlgorithm, Hash>

  /** Those that are `known` at the end are not computed here. */
  constructor(wanted: Digests, known: readonly DigestAlgorithm[] = []) {
    this.#wanted = wanted
    const own = [...wanted.keys()].filter((algorithm) => !known.includes(algorithm))
    this.#hashes = new Map(own.map((algorithm) => [algorithm, createHash(algorithm.replace('-', ''))]))
  }

  update(chunk: Buffer): void {
    for (const hash of this.#hashes.values()) hash.update(chunk)
  }

  /** To be called once, at the end. Throws DigestMismatchError. */
  finish(known: Digests = NO_DIGESTS): void {
    const found = new Map(known)
    for (const [algorithm, hash] of this.#hashes) found.set(algorithm, hash.digest())
    for (const [algorithm, digest] of this.#wanted)
      if (!found.get(algorithm)?.equals(digest)) throw new DigestMismatchError(algorithm)
  }
}
