import type { PhotoId } from '../photo/photo-id.ts'

/** A photo's delivery URLs until `expiresAt`: one signature that covers all of its renditions. */
export type Delivery = { expiresAt: Date; urlOf(key: string): string }

/** What hands renditions out to viewers. */
export interface Cdn {
  /**
   * Byte-identical URLs for a photo from every process that has the same key, for a whole window, so that
   * viewers' caches hit.
   */
  deliver(id: PhotoId): Delivery

  /** Whether copies of renditions outlive their objects, and have to be taken down. */
  readonly keepsCopies: boolean

  /**
   * Makes the edge forget every rendition of the photos, whose objects must be gone: of as many as it takes on at once,
   * which it returns. Takedown only: keys are immutable. May be repeated. Throws EngineUnavailableError while the edge
   * takes none.
   */
  invalidate(ids: readonly PhotoId[]): Promise<readonly PhotoId[]>
}
