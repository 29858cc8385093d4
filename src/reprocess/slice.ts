import type { Source } from '../catalog/selected-photos.ts'
import type { PhotoId } from '../photo/photo-id.ts'

/**
 * A part: the photos of these sources, one after the other, but for those that the canary's part has. It waits for that
 * part then.
 */
export type ReprocessSlice = {
  sources: readonly Source[]
  except?: readonly PhotoId[]
  /** These are made first, and then the run is paused. */
  isCanary?: true
}
