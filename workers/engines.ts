import type { Catalog } from '../src/catalog/catalog.ts'
import type { Adoptions } from '../src/catalog/photos/adoptions.ts'
import type { Photos } from '../src/catalog/photos/photos.ts'
import type { Removals } from '../src/catalog/photos/removals.ts'
import type { Renditions } from '../src/catalog/photos/renditions.ts'
import type { Cdn } from '../src/delivery/cdn.ts'
import type { FilterBook } from '../src/filters/filter-book.ts'
import type { Preset } from '../src/photo/presets.ts'
import type { JobQueue } from '../src/queue/job-queue.ts'
import type { AdoptedOriginals } from '../src/storage/adopted-originals.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'

/** What the jobs of a worker need. */
export type WorkerEngines = {
  catalog: {
    photos: Pick<Photos, 'find'>
    adoptions: Pick<Adoptions, 'identify'>
    renditions: Pick<Renditions, 'record' | 'recordLater'>
    removals: Pick<Removals, 'find' | 'markPurged' | 'forget'>
  }
  queue: Pick<JobQueue, 'enqueue' | 'oldestWaiting'>
  store: ObjectStore
  /** Where originals lie that are not ours. */
  adopted: Pick<AdoptedOriginals, 'read'>
  cdn: Pick<Cdn, 'keepsCopies'>
  filters: FilterBook
  presets: readonly Preset[]
  maxPixels: number
}

/** What remaking a photo for a run needs besides. */
export type RemakeEngines = WorkerEngines & {
  catalog: Pick<Catalog, 'remakes' | 'runCosts'>
}

/** What changing a photo's look needs besides. */
export type FilterEngines = WorkerEngines & {
  catalog: Pick<Catalog, 'looks'>
}
