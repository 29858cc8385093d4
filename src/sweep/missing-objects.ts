import type { Catalog } from '../catalog/catalog.ts'
import type { KeptPhoto } from '../catalog/photos/kept-objects.ts'
import type { Log } from '../log.ts'
import { originalKey, renditionKey } from '../photo/object-keys.ts'
import type { Job } from '../queue/job.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { Difference } from './compare.ts'

export type MendEngines = {
  catalog: Pick<Catalog, 'objects'>
  queue: Pick<JobQueue, 'enqueue'>
  store: Pick<ObjectStore, 'head'>
}

/**
 * Looks again, as what was listed is a while ago, and makes renditions again whose objects are missing: the same keys
 * get the same bytes; not without the original, nor what the photo has left meanwhile. Returns how many are made again, and whether the original is lost.
 */
export async function mendMissing(
  { catalog, queue, store }: MendEngines,
  photo: KeptPhoto,
  difference: Pick<Difference, 'isOriginalMissing' | 'missing'>,
  log: Log,
): Promise<{ remade: number; isOriginalLost: boolean }> {
  const { id } = photo
  const isMissing = async (key: string) => (await store.head(key)) === null
  const { format } = photo
  if (difference.isOriginalMissing && format !== null && (await isMissing(originalKey(id, format)))) {
    return { remade: 0, isOriginalLost: true }
  }
  const confirmed = await Promise.all(
    difference.missing.map(async (each) => ((await isMissing(renditionKey(photo, each))) ? [each] : [])),
  )
  const gone = confirmed.flat()
  const now = gone.length > 0 ? (await catalog.objects.ofPhotos([id])).get(id) : null
  // Its owner may have moved, changed or removed it since it was read.
  const shown = new Set(
    now && !now.isRemoved
      ? now.renditions.filter(({ isShown }) => isShown).map((each) => renditionKey(now, each))
      : [],
  )
  const missing = gone.filter((each) => shown.has(renditionKey(photo, each)))
  if (missing.length === 0) return { remade: 0, isOriginalLost: false }
  const isAvifOnly = missing.every(({ format }) => format === 'avif')
  const job: Job = isAvifOnly
    ? { kind: 'finish', photoId: id, edition: photo.edition }
    : { kind: 'resize', photoId: id }
  await queue.enqueue(job)
  log.warn({ ...job, count: missing.length }, 'renditions are missing; they are made again')
  return { remade: missing.length, isOriginalLost: false }
}
