import type { Place } from '../photo/object-keys.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'

/** What opens renditions until `expiresAt`. */
export type Delivery = {
  origin: string
  expiresAt: Date
  /** What is signed, and by which key: of the same terms it is the same query. Costs no signature. */
  terms: string
  /** Signed when it is first asked for. */
  query(): string
  /** `${origin}/${key}?${query()}`. */
  urlOf(key: string): string
}

/** The copies of a photo's renditions whose keys begin so. What is asked for again on the same occasion is done once. */
export type Copies = { id: PhotoId; prefix: string; occasion: string }

/**
 * What hands renditions out to viewers. Deliveries are byte-identical from every process that has the same key, for a
 * whole window, so that viewers' caches hit.
 */
export interface Cdn {
  /** What opens every public photo to the viewer: one signature in a window, whatever they look at. */
  grant(viewer: OwnerId): Delivery

  /** What opens the photo's renditions to the viewer: the viewer's grant, or one of the photo's own where that does not reach. */
  deliver(place: Place, viewer: OwnerId): Delivery

  /** What opens all renditions that lie at the place, also those that are not shown any more, for some minutes. */
  lend(place: Place): Delivery

  /** Whether copies of renditions outlive their objects, and have to be taken down. */
  readonly keepsCopies: boolean

  /**
   * Makes the edge forget those copies, whose objects must be gone: the first of them, as many as it takes on at once,
   * which it returns. Takedown only: keys are immutable. May be repeated. Throws EngineUnavailableError while the edge
   * takes none.
   */
  invalidate(copies: readonly Copies[]): Promise<readonly Copies[]>
}
