import type { Source } from '../catalog/runs/selected-photos.ts'

/**
 * A part: the photos of these sources, one after the other, but for those of the run's canary. It waits for the part that has
 * those, which draws them of these sources, makes them first, and pauses the run.
 */
export type ReprocessSlice = { sources: readonly Source[]; isCanary?: true }
