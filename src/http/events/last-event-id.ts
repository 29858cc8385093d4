import type { PhotoEventId } from '../../catalog/events/photo-events.ts'
import { shardOf } from '../../photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'

/** How far a viewer has been told: the last event of their own photos, and until when of those they follow, in milliseconds. */
export type Told = { own: PhotoEventId; time: number }

const ID = /^(?<own>0|[1-9]\d{11,18})\.(?<time>[1-9]\d{12,13})$/

/** What the stream gives as the id of each event. */
export function eventIdOf({ own, time }: Told): string {
  return `${own}.${time}`
}

/** What a Last-Event-ID says, or null when it is none that this viewer was given. */
export function toldOf(lastEventId: string, viewer: OwnerId): Told | null {
  const { own, time } = ID.exec(lastEventId)?.groups ?? {}
  if (own === undefined || time === undefined) return null
  const id = own as PhotoEventId
  return own === '0' || shardOf(id) === shardOfOwner(viewer) ? { own: id, time: Number(time) } : null
}
