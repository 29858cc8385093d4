import { Readable } from 'node:stream'
import type { Catalog } from '../catalog/catalog.ts'
import type { Log } from '../log.ts'
import { FORMATS } from '../photo/formats.ts'
import type { Look } from '../photo/look.ts'
import { originalKey } from '../photo/object-keys.ts'
import type { Focus, Original, Photo, Visibility } from '../photo/photo.ts'
import { addedAt, type PhotoId } from '../photo/photo-id.ts'
import { newSecret } from '../photo/secret.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import { promiseJob } from '../queue/promise-job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { ByteMeter, interruptible, peek } from './byte-stream.ts'
import { SNIFF_BYTES, sniff } from './sniff.ts'

export type Upload = {
  owner: OwnerId
  visibility: Visibility
  alt: string | null
  focus: Focus | null
  look: Look | null
  /** Must fail when the upload turns out to be no good or the client goes away: then nothing is kept. */
  body: AsyncIterable<Buffer>
}

/** The bytes of a photo as they were kept, under an id that no row has yet. */
export type KeptOriginal = { id: PhotoId; original: Original }

/**
 * Keeps the bytes of a photo of the owner's: told by its first bytes, limited and hashed as they flow. Throws as ingest
 * does; what it keeps and nobody records is the sweep's.
 */
export function createKeep({
  catalog,
  store,
  maxUploadBytes,
  interrupt,
}: Pick<IngestEngines, 'catalog' | 'store' | 'maxUploadBytes' | 'interrupt'>) {
  return async (owner: OwnerId, source: AsyncIterable<Buffer>): Promise<KeptOriginal> => {
    const { head, body } = await peek(interruptible(source, interrupt), SNIFF_BYTES)
    const format = await sniff(head)
    const id = await catalog.photos.nextId(owner)

    const meter = new ByteMeter(maxUploadBytes)
    const contentType = FORMATS[format].contentType
    await store.put(originalKey(id, format), Readable.from(meter.measure(body), { objectMode: false }), {
      contentType,
    })
    return { id, original: { format, bytes: meter.bytes, sha256: meter.sha256() } }
  }
}

export type Ingest = (upload: Upload) => Promise<Photo>

export type IngestEngines = {
  catalog: Catalog
  store: ObjectStore
  queue: JobQueue
  maxUploadBytes: number
  /** Ends uploads whose body is still coming, by the signal's reason. */
  interrupt: AbortSignal
  log: Log
}

/**
 * Takes in one photo, in bounded memory, and resolves when its original is safe and its work is promised, be it by the
 * queue or, when that fails, by the row and the sweep.
 * Throws EmptyFileError, UnsupportedFormatError, PhotoTooLargeError, whatever the body throws, and
 * EngineUnavailableError.
 *
 * Object first, row second, job third. A crash between two of them leaves either an object without a row, which
 * the sweep deletes, or a processing row without a job, which the sweep enqueues again. Never a row without bytes.
 */
export function createIngest({
  catalog,
  store,
  queue,
  maxUploadBytes,
  interrupt,
  log,
}: IngestEngines): Ingest {
  const keep = createKeep({ catalog, store, maxUploadBytes, interrupt })
  return async ({ owner, visibility, alt, focus, look, body: source }) => {
    const { id, original } = await keep(owner, source)
    const secret = newSecret()
    // When this fails the object stays for the sweep: a reply that was lost on its way leaves a row behind it.
    await catalog.photos.insert({
      id,
      owner,
      visibility,
      secret,
      alt,
      original,
      focus,
      look,
    })

    // The photo is taken in: a client that was told otherwise would send it once more.
    await promiseJob(queue, { kind: 'resize', photoId: id }, log)
    return {
      id,
      owner,
      status: 'processing',
      visibility,
      postedAt: addedAt(id),
      secret,
      alt,
      original,
      adopted: null,
      facts: null,
      focus,
      look,
      edition: 0,
      wanted: null,
      renditions: [],
      recipe: null,
      failure: null,
    }
  }
}
