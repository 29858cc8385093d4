import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '../catalog/catalog.ts'
import type { OpenUpload } from '../catalog/photos/uploads.ts'
import {
  ChecksumMismatchError,
  ObjectNotFoundError,
  PhotoDeletedError,
  PhotoTooLargeError,
  UploadNotFoundError,
  UploadOffsetError,
} from '../errors.ts'
import { chunkKey } from '../photo/object-keys.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'
import { Slots } from '../slots.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { BreakableBody } from './breakable-body.ts'
import { interruptible, peek } from './byte-stream.ts'
import { NO_DIGESTS } from './digests.ts'
import type { Ingest, Ingested, Upload } from './ingest.ts'
import { SNIFF_BYTES, sniff } from './sniff.ts'

/** What a client says of the bytes of one request. */
export type Checksum = { algorithm: 'sha1' | 'sha256' | 'sha512'; digest: Buffer }

/** What is told of the photo with its upload. */
export type Wishes = Pick<Upload, 'visibility' | 'alt' | 'focus' | 'look' | 'trace' | 'limits'>

export type ResumableEngines = {
  catalog: Pick<Catalog, 'uploads' | 'photos'>
  store: Pick<ObjectStore, 'put' | 'open' | 'delete'>
  ingest: Ingest
  maxUploadBytes: number
  /** Ends what is still coming, by the signal's reason; what has come is kept. */
  interrupt: AbortSignal
}

/** A connection on which an upload comes: how to end it, and when all that came is kept. */
type Writer = { owner: OwnerId; over: AbortController; left: Promise<void> }

/** A server that is killed has at most so much that is not kept yet. */
const CHUNK_BYTES = 8 * 1024 * 1024
/** What is smaller is put together with its neighbours, once there are so many of them at the end. */
const SMALL_BYTES = 1024 * 1024
const MANY = 16
const WORTH_KEEPING = 64 * 1024

/** So long the connection before is waited for, until what came of it is kept. */
const LET_GO_MS = 5_000

/** Bounds what is in memory of those that are whole at the same moment. */
const MAX_FINISHING = 16
const MAX_TURN_MS = 60_000
const READ = { pieceBytes: 512 * 1024 }

const CONTENT = { contentType: 'application/octet-stream' }

/**
 * Photos that come in pieces, over as many connections and to as many servers as it takes: each keeps what comes as an
 * object, a chunk, and appends its name to the upload's row. The row is all that servers share. None holds a lock: an append
 * says where it begins, and the row takes it if it ends there, so of two connections one is in vain and nothing is mixed up.
 *
 * A chunk is put before it is appended, and what lies there and was not appended the sweep deletes. The whole is taken in as any
 * photo is, under the id that is reserved for it: that may be done twice, so it does not matter where a server dies.
 */
export class Resumable {
  readonly #engines: ResumableEngines
  /** Of each upload, the connections to this server on which it comes, until what came is kept. */
  readonly #writers = new Map<PhotoId, Set<Writer>>()
  readonly #finishing = new Slots(MAX_FINISHING, 'More uploads are whole than can be taken in at once.')

  constructor(engines: ResumableEngines) {
    this.#engines = engines
  }

  /**
   * Keeps the body as what follows, as far as it comes; one with a checksum as a whole or not at all. Resolves to the upload as
   * it is then. Throws what the body does, when what came is kept; UploadOffsetError when others were faster,
   * UnsupportedFormatError by the first bytes, PhotoTooLargeError when more comes than the length says or is allowed, and
   * ChecksumMismatchError.
   */
  async append(
    upload: OpenUpload,
    source: AsyncIterable<Buffer>,
    checksum: Checksum | null,
  ): Promise<OpenUpload> {
    const over = new AbortController()
    const signal = AbortSignal.any([this.#engines.interrupt, over.signal])
    const body = new BreakableBody(interruptible(source, signal))
    using _writer = this.#enter(upload, over)
    const size = checksum
      ? { most: Number.POSITIVE_INFINITY, worthKeeping: Number.POSITIVE_INFINITY }
      : { most: CHUNK_BYTES, worthKeeping: WORTH_KEEPING }
    let now = upload
    try {
      while (await body.hasMore()) {
        const pieces = body.chunk(size)
        now = await this.#keep(now, checksum ? checked(pieces, checksum, body) : pieces)
      }
      body.throwIfBroken()
    } finally {
      body.close()
    }
    return now
  }

  /**
   * Ends what still comes of an upload on other connections: their client has come back, and asks how far it is. One to another
   * server is not known here: what came on it is kept when nothing has come for 2 s.
   */
  async takeOver(id: PhotoId, owner: OwnerId): Promise<void> {
    const writers = [...(this.#writers.get(id) ?? [])].filter((writer) => writer.owner === owner)
    if (writers.length === 0) return
    for (const { over } of writers) over.abort(new UploadOffsetError())
    const waited = sleep(LET_GO_MS, undefined, { ref: false })
    await Promise.race([Promise.all(writers.map(({ left }) => left)), waited])
  }

  /**
   * Takes the photo in, of which all bytes are there. May be repeated, and done by several at once. Throws as ingest does, and as
   * `finished`.
   */
  async finish(upload: OpenUpload, wishes: Wishes): Promise<Ingested> {
    const { catalog, store, ingest } = this.#engines
    const { id, owner } = upload
    using _slot = await this.#finishing.acquire(MAX_TURN_MS)
    for (let present = upload; ; ) {
      try {
        const asked = { ...wishes, id, owner, digests: NO_DIGESTS, announced: present.received }
        const ingested = await ingest({ ...asked, body: this.#bytesOf(present) })
        // Else it went with what recorded the photo.
        if (!ingested.isNew) await catalog.uploads.remove(id, owner)
        // What is left when this fails is the sweep's.
        await store.delete(keysOf(present)).catch(() => {})
        return ingested
      } catch (error) {
        if (!(error instanceof ObjectNotFoundError)) throw error
        // Somebody else has finished it, or put chunks together, while it was read.
        const found = await catalog.uploads.find(id, owner)
        if (found === null) return { photo: await this.finished(id, owner), isNew: false }
        if (found.chunks.join() === present.chunks.join()) throw error
        present = found
      }
    }
  }

  /** The photo that an upload has become. Throws UploadNotFoundError when there is none, and PhotoDeletedError. */
  async finished(id: PhotoId, owner: OwnerId): Promise<Ingested['photo']> {
    const found = await this.#engines.catalog.photos.findEver(id)
    if (found?.photo.owner !== owner) throw new UploadNotFoundError()
    if (found.isDeleted) throw new PhotoDeletedError()
    return found.photo
  }

  /** Forgets it, with all that came. Throws UploadNotFoundError. */
  async discard(id: PhotoId, owner: OwnerId): Promise<void> {
    const chunks = await this.#engines.catalog.uploads.remove(id, owner)
    if (chunks === null) throw new UploadNotFoundError()
    await this.#engines.store.delete(keysOf({ id, chunks }))
  }

  #enter({ id, owner }: OpenUpload, over: AbortController): Disposable {
    const { promise: left, resolve } = Promise.withResolvers<void>()
    const writer = { owner, over, left }
    const writers = this.#writers.get(id) ?? new Set()
    this.#writers.set(id, writers.add(writer))
    return {
      [Symbol.dispose]: () => {
        writers.delete(writer)
        if (writers.size === 0 && this.#writers.get(id) === writers) this.#writers.delete(id)
        resolve()
      },
    }
  }

  /** One more chunk. */
  async #keep(upload: OpenUpload, pieces: AsyncGenerator<Buffer>): Promise<OpenUpload> {
    const { catalog, store } = this.#engines
    const { id, received } = upload
    const chunk = chunkName(received)
    const key = chunkKey(id, chunk)
    const body = received === 0 ? await sniffed(pieces) : pieces
    const { size } = await store.put(
      key,
      Readable.from(this.#bounded(upload, body), { objectMode: false }),
      CONTENT,
    )
    const to = received + size
    if (!(await catalog.uploads.append(id, { chunk, from: received, to }))) {
      await store.delete([key])
      throw new UploadOffsetError()
    }
    return await this.#compact({ ...upload, received: to, chunks: [...upload.chunks, chunk] })
  }

  async *#bounded({ length, received }: OpenUpload, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const most = length ?? this.#engines.maxUploadBytes
    let at = received
    for await (const piece of pieces) {
      at += piece.length
      if (at > most) throw new PhotoTooLargeError(most)
      yield piece
    }
  }

  /** However small the pieces are in which a photo comes, its objects are few. */
  async #compact(upload: OpenUpload): Promise<OpenUpload> {
    const { catalog, store } = this.#engines
    const { id, chunks } = upload
    const small = smallAtEnd(upload)
    if (small.length < MANY) return upload
    const whole = chunkName(startOf(small[0] as string))
    const body = Readable.from(this.#bytesOf({ id, chunks: small }), { objectMode: false })
    try {
      await store.put(chunkKey(id, whole), body, CONTENT)
    } catch (error) {
      // Another connection was faster, also with this.
      if (error instanceof ObjectNotFoundError) return upload
      throw error
    }
    const after = [...chunks.slice(0, -small.length), whole]
    const isReplaced = await catalog.uploads.replaceChunks(id, { before: chunks, after })
    await store.delete(keysOf({ id, chunks: isReplaced ? small : [whole] }))
    return isReplaced ? { ...upload, chunks: after } : upload
  }

  async *#bytesOf(upload: Pick<OpenUpload, 'id' | 'chunks'>): AsyncGenerator<Buffer> {
    for (const key of keysOf(upload))
      yield* (await this.#engines.store.open(key, undefined, READ)) as AsyncIterable<Buffer>
  }
}

/** The name of a chunk within its upload: where it begins, and who put it. */
function chunkName(start: number): string {
  return `${start}-${randomBytes(8).toString('hex')}`
}

function startOf(chunk: string): number {
  return Number.parseInt(chunk, 10)
}

function keysOf({ id, chunks }: Pick<OpenUpload, 'id' | 'chunks'>): string[] {
  return chunks.map((chunk) => chunkKey(id, chunk))
}

/** The last chunks, as far as they are small. */
function smallAtEnd({ chunks, received }: OpenUpload): readonly string[] {
  const isLarge = (chunk: string, at: number) =>
    startOf(chunks[at + 1] ?? String(received)) - startOf(chunk) >= SMALL_BYTES
  return chunks.slice(chunks.findLastIndex(isLarge) + 1)
}

/** The beginning of a photo. Throws UnsupportedFormatError, unless there is too little to tell. */
async function sniffed(pieces: AsyncGenerator<Buffer>): Promise<AsyncGenerator<Buffer>> {
  const { head, body } = await peek(pieces, SNIFF_BYTES)
  if (head.length === SNIFF_BYTES) await sniff(head)
  return body
}

async function* checked(
  pieces: AsyncIterable<Buffer>,
  { algorithm, digest }: Checksum,
  body: BreakableBody,
): AsyncGenerator<Buffer> {
  const hash = createHash(algorithm)
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
  body.throwIfBroken()
  if (!hash.digest().equals(digest)) throw new ChecksumMismatchError(algorithm)
}
