import type { Catalog } from '../src/catalog/catalog.ts'
import type { Cdn } from '../src/delivery/cdn.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'

/** What the jobs of a worker need. */
export type WorkerEngines = {
  catalog: Pick<Catalog, 'find' | 'findRemoved' | 'record' | 'forget'>
  store: ObjectStore
  cdn: Pick<Cdn, 'invalidate'>
  maxPixels: number
}
