import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { nameOf } from '../aws-errors.ts'
import {
  AdoptedOriginalError,
  EmptyFileError,
  ObjectArchivedError,
  ObjectChangedError,
  ObjectNotFoundError,
  PhotoTooLargeError,
} from '../errors.ts'
import type { Adopted, Photo } from '../photo/photo.ts'
import { parseLocation } from './location.ts'
import type { SourceBucket } from './source-bucket.ts'

const CHUNK_BYTES = 1024 * 1024

type OpenBucket = (url: string) => Promise<Pick<SourceBucket, 'open'> & AsyncDisposable>

/** Originals that are not ours, read from where they are and never changed there. */
export class AdoptedOriginals implements AsyncDisposable {
  readonly #openBucket: OpenBucket
  readonly #maxBytes: number
  readonly #buckets = new Map<string, ReturnType<OpenBucket>>()

  constructor({ openBucket, maxBytes }: { openBucket: OpenBucket; maxBytes: number }) {
    this.#openBucket = openBucket
    this.#maxBytes = maxBytes
  }

  /**
   * All of it, as far as is known the bytes that were adopted, and their SHA-256. Throws AdoptedOriginalError when it is not
   * there, not for us, or another by now; PhotoTooLargeError and EmptyFileError; EngineUnavailableError when nobody can tell.
   */
  async read(
    adopted: Adopted,
    { bytes, sha256 }: Pick<Photo['original'], 'bytes' | 'sha256'>,
  ): Promise<{ body: Buffer; sha256: string }> {
    const body = await this.#collect(adopted)
    if (body.length === 0 && bytes === null) throw new EmptyFileError()
    const found = createHash('sha256').update(body).digest('hex')
    if (body.length !== (bytes ?? body.length) || found !== (sha256 ?? found)) throw changed()
    return { body, sha256: found }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bucket of this.#buckets.values())
      await (await bucket.catch(() => null))?.[Symbol.asyncDispose]()
  }

  async #collect(adopted: Adopted): Promise<Buffer> {
    const chunks: Buffer[] = []
    let size = 0
    try {
      for await (const chunk of await this.#open(adopted)) {
        size += chunk.length
        if (size > this.#maxBytes) throw new PhotoTooLargeError(this.#maxBytes)
        chunks.push(chunk)
      }
    } catch (error) {
      throw translate(error)
    }
    return Buffer.concat(chunks)
  }

  async #open({ from, etag }: Adopted): Promise<Readable> {
    const location = parseLocation(from)
    switch (location.kind) {
      case 'file':
        return createReadStream(location.path, { highWaterMark: CHUNK_BYTES })
      case 'object': {
        const opening = this.#buckets.get(location.bucket) ?? this.#openBucket(location.bucket)
        this.#buckets.set(location.bucket, opening)
        opening.catch(() => this.#buckets.delete(location.bucket))
        return await (await opening).open(location.key, { etag })
      }
    }
  }
}

/** What has a name of its own as AdoptedOriginalError; anything else as it is. */
function translate(error: unknown): unknown {
  const cause = { cause: error }
  const { code = '' } = error as NodeJS.ErrnoException
  if (error instanceof ObjectChangedError) return changed(cause)
  if (error instanceof ObjectArchivedError)
    return new AdoptedOriginalError('original_archived', 'The original is archived.', cause)
  if (error instanceof ObjectNotFoundError || code === 'ENOENT' || code === 'ENOTDIR')
    return new AdoptedOriginalError('original_missing', 'The original is not where it was.', cause)
  if (code === 'EACCES' || code === 'EPERM' || isDenied(error))
    return new AdoptedOriginalError('original_refused', 'The original can not be read where it is.', cause)
  return error
}

function changed(cause?: ErrorOptions): AdoptedOriginalError {
  return new AdoptedOriginalError('original_changed', 'The original is another than it was.', cause)
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && (nameOf(error) === 'AccessDenied' || isDenied(error.cause))
}
