import type { Readable } from 'node:stream'

export type ObjectInfo = { key: string; size: number }

/** `modifiedAt` is when it was put, copied or moved there last, by the store's own clock. */
export type KeptObject = ObjectInfo & { modifiedAt: Date }

export type PutOptions = {
  contentType: string
  /** SHA-256 of the body in hex, from who computes it as the body flows: it is asked for at the end, and not computed again. */
  sha256?: () => string
}

/** Bytes `start` to `end`, both included, as in HTTP. */
export type ByteRange = { start: number; end: number }

/** How somebody else may put one object: a PUT of the bytes to the URL, with these headers. */
export type PresignedPut = { url: string; headers: Readonly<Record<string, string>> }

export type PresignOptions = Pick<PutOptions, 'contentType'> & {
  /** Exactly so many. */
  bytes: number
  /** In hex; servers that check it refuse others. */
  sha256: string | null
  seconds: number
}

/**
 * Where bytes live. Keys come from photo/object-keys.ts and are never reused for different bytes, so a put may
 * be repeated and a reader may cache for ever. Every implementation passes test/contracts/object-store.ts.
 * When the store itself does not answer, methods throw EngineUnavailableError.
 */
export interface ObjectStore extends AsyncDisposable {
  /** Where it is, for messages: a folder, or `s3://bucket`. */
  readonly name: string

  /**
   * Keeps all of the body, safe from a power cut, or none of it: a put that fails leaves no object behind. What is put
   * once (`isPutOnce`) stays as it was put first: the same bytes may be put again, and for others it throws
   * ObjectTakenError.
   */
  put(key: string, body: Readable | Buffer, options: PutOptions): Promise<ObjectInfo>

  /**
   * Lets whoever has the URL put an object there, for so long. What comes may be replaced while the URL is good. Null when the
   * store has no door of its own for others.
   */
  presignPut(key: string, options: PresignOptions): Promise<PresignedPut | null>

  /**
   * Throws ObjectNotFoundError at once, not when the stream is first read. What is read at a time, where the store itself
   * reads, is `pieceBytes`: more is quicker, and is held in memory.
   */
  open(key: string, range?: ByteRange, options?: { pieceBytes?: number }): Promise<Readable>

  /** All of it in one piece of memory, for what can't do with less. Throws ObjectNotFoundError. */
  read(key: string): Promise<Buffer>

  head(key: string): Promise<KeptObject | null>

  /**
   * Gives the bytes of an object a second key, with all that was said of them; safe from a power cut. May be repeated.
   * Throws ObjectNotFoundError.
   */
  copy(from: string, to: string): Promise<void>

  /**
   * Gives an object another key, and replaces what has it. A crash leaves the object under the old key, the new one or
   * both. Moving what is not there changes nothing, so a move may be repeated.
   */
  move(from: string, to: string): Promise<void>

  /** Deleting what is not there succeeds, so a purge may be repeated. */
  delete(keys: readonly string[]): Promise<void>

  /** Every key that begins with the prefix, in the order of their bytes; only those that come after `after`. */
  list(prefix: string, options?: { after?: string }): AsyncIterable<string>

  /** Resolves when the store can take an object; throws EngineUnavailableError otherwise. */
  check(): Promise<void>
}
