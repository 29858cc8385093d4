import type { PhotoId } from '../src/photo/photo-id.ts'
import type { WorkerEngines } from './engines.ts'

/** Promises the AVIF renditions of an edition that is shown now. When that fails, the sweep does. */
export async function promiseAvif(
  { queue }: Pick<WorkerEngines, 'queue'>,
  photoId: PhotoId,
  edition: number,
): Promise<void> {
  await queue.enqueue({ kind: 'avif', photoId, edition }).catch(() => {})
}
