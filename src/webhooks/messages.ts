import { createHash } from 'node:crypto'
import type { PhotoEvent } from '../catalog/events/photo-events.ts'
import { addedAt, type PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { Message } from './signature.ts'

/** What happened to photos, the oldest first. The same events make the same message, byte for byte. */
export function eventsMessage(events: readonly PhotoEvent[]): Message {
  const last = events.at(-1) as PhotoEvent
  const told = events.map(({ id, type, owner, photoId, visibility, isNew, failureCode, timing }) => ({
    id,
    type,
    timestamp: addedAt(id).toISOString(),
    owner,
    photo: photoId,
    visibility,
    isNew,
    failure: failureCode,
    timing,
  }))
  const ids = events.map(({ id }) => id)
  return message('photo.events', { ids, timestamp: addedAt(last.id), data: { events: told } })
}

/** A new photo, and some of those who follow its owner. The same viewers make the same message, byte for byte. */
export function feedMessage({ event, photo, owner, viewers }: NewPhoto): Message {
  const timestamp = addedAt(event)
  return message('feed.new', { ids: [photo, ...viewers], timestamp, data: { photo, owner, viewers } })
}

/** `event` is that by which it became known to others. */
export type NewPhoto = {
  event: PhotoId
  photo: PhotoId
  owner: OwnerId
  viewers: readonly OwnerId[]
}

/** For an operator who wants to know whether messages come through; each is another. */
export function testMessage(now: Date): Message {
  const timestamp = now
  return message('webhook.test', { ids: [now.toISOString()], timestamp, data: {} })
}

function message(
  type: string,
  { ids, timestamp, data }: { ids: readonly string[]; timestamp: Date; data: object },
): Message {
  const digest = createHash('sha256')
    .update([type, ...ids].join(' '))
    .digest('base64url')
  return { id: `msg_${digest.slice(0, 27)}`, body: JSON.stringify({ type, timestamp, data }) }
}
