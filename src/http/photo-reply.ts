import type { Cdn } from '../delivery/cdn.ts'
import type { Look } from '../photo/look.ts'
import { renditionKey } from '../photo/object-keys.ts'
import type { Photo } from '../photo/photo.ts'
import { createdAt, shortcodeOf } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { PhotoReply } from './schemas.ts'

/** A photo as the API tells the viewer of it, its renditions with signed URLs. */
export function replyOf(photo: Photo, viewer: OwnerId, cdn: Cdn): PhotoReply {
  const { id, original, facts } = photo
  const isOwner = photo.owner === viewer
  const delivery = photo.renditions.length > 0 ? cdn.deliver(id) : null
  return {
    id,
    shortcode: shortcodeOf(id),
    owner: photo.owner,
    status: photo.status,
    visibility: photo.visibility,
    createdAt: createdAt(id).toISOString(),
    original: {
      format: original.format,
      width: facts?.width ?? null,
      height: facts?.height ?? null,
      bytes: isOwner ? original.bytes : null,
      sha256: isOwner ? original.sha256 : null,
    },
    color: facts?.color ?? null,
    thumbhash: facts?.thumbhash ?? null,
    focus: photo.focus,
    ...lookReply(photo.look),
    wanted: photo.wanted && lookReply(photo.wanted.look),
    renditions: photo.renditions.map((rendition) => ({
      ...rendition,
      url: delivery?.urlOf(renditionKey(id, rendition)) ?? '',
    })),
    expiresAt: delivery?.expiresAt.toISOString() ?? null,
    failure: isOwner ? photo.failure : null,
  }
}

function lookReply(look: Look | null): Pick<PhotoReply, 'filter' | 'strength'> {
  return { filter: look?.filter ?? null, strength: look?.strength ?? null }
}
