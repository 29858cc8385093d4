import { Readable } from 'node:stream'
import type { Catalog } from '../catalog/catalog.ts'
import type { FoundPhoto, NewPhoto } from '../catalog/photos/photos.ts'
import { IdTakenError, IdUnknownError, ObjectTakenError, PhotoDeletedError } from '../errors.ts'
import type { Log, Trace } from '../log.ts'
import type { DailyLimits } from '../photo/daily-limits.ts'
import { FORMATS } from '../photo/formats.ts'
import type { Look } from '../photo/look/look.ts'
import { originalKey } from '../photo/object-keys.ts'
import type { Focus, Original, Photo, Visibility } from '../photo/photo.ts'
import { addedAt, type PhotoId, shardOf } from '../photo/photo-id.ts'
import { newSecret } from '../photo/secret.ts'
import { type OwnerId, shardOfOwner } from '../photo/shard.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import { promiseJob } from '../queue/promise-job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { ByteMeter, interruptible, peek } from './byte-stream.ts'
import { type Digests, NO_DIGESTS } from './digests.ts'
import { refuseSpent } from './refuse-spent.ts'
import { SNIFF_BYTES, sniff } from './sniff.ts'

export type Upload = {
  owner: OwnerId
  visibility: Visibility
  alt: string | null
  focus: Focus | null
  look: Look | null
  /** One that was reserved for the owner: under it the same bytes may be sent again. Null: a new one. */
  id: PhotoId | null
  /** Goes with its job. Null where no request is. */
  trace: Trace | null
  /** What the client says of the bytes. */
  digests: Digests
  /** How many the bytes are, where the client has said so. */
  announced: number | null
  /** What the owner may upload in a day: it is held against what they have when this is known to be none of that. */
  limits: DailyLimits
  /**
   * Asked for only when it is needed. Must fail when the upload turns out to be no good or the client goes away: then
   * nothing is kept.
   */
  body: AsyncIterable<Buffer>
}

/** `isNew` is false when the photo was there already, and this was a repeat. */
export type Ingested = { photo: Photo; isNew: boolean }

export type Ingest = (upload: Upload) => Promise<Ingested>

/** The bytes of a photo as they were kept, under an id that no row has yet. */
export type KeptOriginal = { id: PhotoId; original: Original }

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
 * Keeps the bytes of a photo of the owner's, under a new id or one of theirs: told by its first bytes, limited and hashed
 * as they flow. Throws as ingest does, and ObjectTakenError when the id has other bytes; what it keeps and nobody
 * records is the sweep's.
 */
export function createKeep({
  catalog,
  store,
  maxUploadBytes,
  interrupt,
}: Pick<IngestEngines, 'catalog' | 'store' | 'maxUploadBytes' | 'interrupt'>) {
  return async (
    owner: OwnerId,
    source: AsyncIterable<Buffer>,
    { id: given = null, digests = NO_DIGESTS }: { id?: PhotoId | null; digests?: Digests } = {},
  ): Promise<KeptOriginal> => {
    const { head, body } = await peek(interruptible(source, interrupt), SNIFF_BYTES)
    const format = await sniff(head)
    const id = given ?? (await catalog.photos.nextId(owner))

    const meter = new ByteMeter(maxUploadBytes, digests)
    const contentType = FORMATS[format].contentType
    await store.put(originalKey(id, format), Readable.from(meter.measure(body), { objectMode: false }), {
      contentType,
      sha256: () => meter.sha256(),
    })
    return { id, original: { format, bytes: meter.bytes, sha256: meter.sha256() } }
  }
}

/**
 * Takes in one photo, in bounded memory, and resolves when its original is safe and its work is promised, be it by the
 * queue or, when that fails, by the row and the sweep.
 * Throws EmptyFileError, UnsupportedFormatError, PhotoTooLargeError, DigestMismatchError, whatever the body throws, and
 * EngineUnavailableError; of a given id IdUnknownError, IdTakenError when it has other bytes, and PhotoDeletedError;
 * DailyLimitError, before the body is asked for where that is known by then.
 *
 * Object first, row second, job third. A crash between two of them leaves either an object without a row, which
 * the sweep deletes, or a processing row without a job, which the sweep enqueues again. Never a row without bytes.
 *
 * Under a given id this may be done as often as wanted, and by several at once: the first object that is put stays, and
 * so its bytes are those of the id; the row takes the place of the reservation, of which there is one.
 */
export function createIngest(engines: IngestEngines): Ingest {
  const { catalog, queue, maxUploadBytes, interrupt, log } = engines
  const keep = createKeep(engines)

  return async (upload) => {
    const { owner, id, body, digests, limits } = upload
    const asked = { owner, limits, bytes: upload.announced ?? 1 }
    if (id === null) {
      await refuseSpent(catalog, asked)
      const photo = newPhoto(upload, await keep(owner, body, { digests }))
      // When this fails the object stays for the sweep: a reply that was lost on its way leaves a row behind it.
      await catalog.photos.insert(photo, limits)
      return await takenIn(photo, upload)
    }
    if (shardOf(id) !== shardOfOwner(owner)) throw new IdUnknownError()
    // A digest is named by who repeats: most of all that is to be quick.
    const named = digests.get('sha-256')?.toString('hex')
    const before = named === undefined ? null : await catalog.photos.findEver(id)
    if (before !== null || !(await catalog.reservedIds.has(id, owner)))
      return await known(
        before ?? (await catalog.photos.findEver(id)),
        owner,
        async () => named ?? (await hashed(upload)),
      )

    await refuseSpent(catalog, asked)
    const kept = await keep(owner, body, { id, digests }).catch((error) => {
      throw error instanceof ObjectTakenError ? new IdTakenError() : error
    })
    const photo = newPhoto(upload, kept)
    if (await catalog.reservedIds.use(photo, limits)) return await takenIn(photo, upload)
    return await known(await catalog.photos.findEver(id), owner, async () => kept.original.sha256)
  }

  async function takenIn(photo: NewPhoto, { trace }: Upload): Promise<Ingested> {
    // The photo is taken in: a client that was told otherwise would send it once more.
    await promiseJob(queue, { kind: 'resize', photoId: photo.id, ...(trace && { trace }) }, log)
    return { photo: asNew(photo), isNew: true }
  }

  /** The photo that has the id, if these are its bytes. */
  async function known(
    found: FoundPhoto | null,
    owner: OwnerId,
    sha256: () => Promise<string>,
  ): Promise<Ingested> {
    if (found?.photo.owner !== owner) throw new IdUnknownError()
    if (found.isDeleted) throw new PhotoDeletedError()
    if (found.photo.original.sha256 !== (await sha256())) throw new IdTakenError()
    return { photo: found.photo, isNew: false }
  }

  async function hashed({ body, digests }: Upload): Promise<string> {
    const meter = new ByteMeter(maxUploadBytes, digests)
    for await (const _chunk of meter.measure(interruptible(body, interrupt)));
    return meter.sha256()
  }
}

function newPhoto({ owner, visibility, alt, focus, look }: Upload, { id, original }: KeptOriginal): NewPhoto {
  return { id, owner, visibility, secret: newSecret(), alt, original, focus, look }
}

/** As its row is now. */
function asNew(photo: NewPhoto): Photo {
  return {
    ...photo,
    status: 'processing',
    postedAt: addedAt(photo.id),
    adopted: null,
    facts: null,
    edition: 0,
    wanted: null,
    renditions: [],
    recipe: null,
    failure: null,
  }
}
