import type { Catalog } from '../catalog/catalog.ts'
import type { DirectUpload } from '../catalog/photos/reserved-ids.ts'
import {
  BytesMissingError,
  type DarkroomError,
  DigestMismatchError,
  DirectUploadUnknownError,
  EmptyFileError,
  IdTakenError,
  IdUnknownError,
  ObjectNotFoundError,
  PhotoDeletedError,
  PhotoTooLargeError,
  UnsupportedFormatError,
  WrongSizeError,
} from '../errors.ts'
import { incomingKey } from '../photo/object-keys.ts'
import { type PhotoId, shardOf } from '../photo/photo-id.ts'
import { shardOfOwner } from '../photo/shard.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type Digests, NO_DIGESTS } from './digests.ts'
import type { Ingest, Ingested, Upload } from './ingest.ts'

/** Whose upload ends, and by which request. */
export type Completion = Pick<Upload, 'owner' | 'trace' | 'limits'> & { id: PhotoId }

export type Complete = (completion: Completion) => Promise<Ingested>

/** What came is no good, whoever looks at it again. */
const HOPELESS: readonly (new (...args: never[]) => DarkroomError)[] = [
  ...[EmptyFileError, UnsupportedFormatError, PhotoTooLargeError, WrongSizeError, DigestMismatchError],
  ...[IdTakenError, PhotoDeletedError],
]

/**
 * Takes in a photo whose bytes its owner has put into the store. May be repeated, by several at once: it is one photo. Throws
 * as ingest does, DirectUploadUnknownError, BytesMissingError, and WrongSizeError. What is no good is deleted, and may be put again
 * under the same id; what was taken in is, too.
 *
 * Whoever has the URL may put other bytes there at any moment. So what is read is what is kept: the bytes that were sniffed,
 * counted and hashed are those that are put as the original, once, as in every upload.
 *
 * @NOTE A copy within the store would not need them a second time. But Ceph copies over what is there whatever the conditions
 * are, `If-None-Match` and that of the source's entity tag, and Versity whatever the first of them says: then of two at once one
 * could replace what the other has recorded.
 */
export function createComplete({
  catalog,
  store,
  ingest,
}: {
  catalog: Pick<Catalog, 'reservedIds' | 'photos'>
  store: Pick<ObjectStore, 'open' | 'delete'>
  ingest: Ingest
}): Complete {
  return async (completion) => {
    const { owner, id } = completion
    if (shardOf(id) !== shardOfOwner(owner)) throw new DirectUploadUnknownError()
    const direct = await catalog.reservedIds.directOf(id, owner)
    const ingested = direct ? await takeIn(direct, completion) : await known(completion)
    // What is left when this fails is the sweep's.
    await store.delete([incomingKey(id)]).catch(() => {})
    return ingested
  }

  async function takeIn(
    { bytes, sha256, ...wishes }: DirectUpload,
    completion: Completion,
  ): Promise<Ingested> {
    const { id } = completion
    try {
      const body = cameTo(id, bytes)
      return await ingest({ ...wishes, ...completion, digests: digestsOf(sha256), announced: bytes, body })
    } catch (error) {
      if (HOPELESS.some((kind) => error instanceof kind))
        await store.delete([incomingKey(id)]).catch(() => {})
      // Another may have ended it meanwhile.
      if (error instanceof IdUnknownError) return await known(completion)
      if (error instanceof ObjectNotFoundError) return await known(completion, new BytesMissingError())
      throw error
    }
  }

  /** What came, when it is so many bytes. Throws ObjectNotFoundError and WrongSizeError. */
  async function* cameTo(id: PhotoId, bytes: number): AsyncGenerator<Buffer> {
    let came = 0
    for await (const chunk of (await store.open(incomingKey(id))) as AsyncIterable<Buffer>) {
      came += chunk.length
      if (came > bytes) throw new WrongSizeError(bytes)
      yield chunk
    }
    if (came < bytes) throw new WrongSizeError(bytes)
  }

  /** The photo that it became. */
  async function known(
    { id, owner }: Completion,
    otherwise: DarkroomError = new DirectUploadUnknownError(),
  ): Promise<Ingested> {
    const found = await catalog.photos.findEver(id)
    if (found?.photo.owner !== owner) throw otherwise
    if (found.isDeleted) throw new PhotoDeletedError()
    return { photo: found.photo, isNew: false }
  }
}

function digestsOf(sha256: string | null): Digests {
  return sha256 === null ? NO_DIGESTS : new Map([['sha-256', Buffer.from(sha256, 'hex')]])
}
