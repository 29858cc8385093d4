import { createHash } from 'node:crypto'
import { EmptyFileError, PhotoTooLargeError } from '../errors.ts'
import { DigestCheck, type Digests, NO_DIGESTS } from './digests.ts'

/**
 * The first bytes of a stream, that many or all there are, however it was cut into pieces; and the whole stream with
 * them still in front. Throws EmptyFileError.
 */
export async function peek(
  source: AsyncIterable<Buffer>,
  bytes: number,
): Promise<{ head: Buffer; body: AsyncGenerator<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]()
  const pieces: Buffer[] = []
  let length = 0
  while (length < bytes) {
    const { done, value } = await iterator.next()
    if (done) break
    pieces.push(value)
    length += value.length
  }
  if (length === 0) throw new EmptyFileError()
  const start = Buffer.concat(pieces)

  async function* body() {
    yield start
    // The source is closed with us, also when our reader stops half-way.
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { head: start.subarray(0, bytes), body: body() }
}

/**
 * The stream, until the signal is aborted: then it throws the signal's reason at once, also while nothing arrives.
 *
 * @NOTE Each wait has a promise of its own. One for all, in Promise.race, would keep every chunk until the end.
 */
export async function* interruptible(
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]()
  let giveUp: (reason: unknown) => void = () => {}
  const interrupt = () => giveUp(signal.reason)
  signal.addEventListener('abort', interrupt)
  try {
    for (;;) {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Buffer>>()
      giveUp = reject
      iterator.next().then(resolve, reject)
      const { done, value } = await promise
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', interrupt)
    // Not awaited: it ends when what it waits for comes, or the request is over.
    void iterator.return?.()
  }
}

/**
 * Counts and hashes bytes as they flow past, and throws PhotoTooLargeError as soon as they are too many, and at their end
 * DigestMismatchError when they are not those that were named.
 */
export class ByteMeter {
  readonly #hash = createHash('sha256')
  readonly #check: DigestCheck
  readonly #maxBytes: number
  #sha256: Buffer | null = null
  bytes = 0

  constructor(maxBytes: number, digests: Digests = NO_DIGESTS) {
    this.#maxBytes = maxBytes
    this.#check = new DigestCheck(digests, ['sha-256'])
  }

  async *measure(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.bytes += chunk.length
      if (this.bytes > this.#maxBytes) throw new PhotoTooLargeError(this.#maxBytes)
      this.#hash.update(chunk)
      this.#check.update(chunk)
      yield chunk
    }
    this.#sha256 = this.#hash.digest()
    this.#check.finish(new Map([['sha-256', this.#sha256]]))
  }

  /** SHA-256 of all that flowed past, in lowercase hex. To be asked at the end. */
  sha256(): string {
    if (this.#sha256 === null) throw new Error('The bytes have not all flowed past.')
    return this.#sha256.toString('hex')
  }
}
