import { join } from 'node:path'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Config } from '../../config/config.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import { createKeep } from '../../ingest/ingest.ts'
import type { Log } from '../../log.ts'
import { photoIdOfOriginal, photoIdOfRendition, QUARANTINE_PREFIX } from '../../photo/object-keys.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { parseLocation } from '../../storage/location.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import type { ImportOptions } from '../import-options.ts'
import type { Source } from '../source.ts'
import { createAdopt } from './adopt.ts'
import { ADOPTED, COPIED, type ImportWork } from './import-run.ts'
import { Pace } from './pace.ts'
import { createTakeIn, type TakeInEngines, type TakeInOptions } from './take-in.ts'

export type ImportEngines = {
  catalog: Catalog
  store: ObjectStore
  queue: JobQueue
  filters: FilterBook
  log: Log
}

/** How an import is worked, of whatever source, as its options say. */
export function importWork(
  config: Config,
  services: ImportEngines,
  { open, options }: { open: () => Promise<Source>; options: ImportOptions },
): ImportWork {
  const { catalog, store, queue, filters, log } = services
  const interrupt = new AbortController().signal
  const keep = createKeep({ catalog, store, maxUploadBytes: config.maxUploadBytes, interrupt })
  const engines = { imports: catalog.imports, keep, store, queue, filters, log }
  return {
    openSource: open,
    ...howTaken(config, services, engines, options),
    maxFailures: options.maxFailures ?? 1,
    reportPath: (run) => options.report ?? join(config.home, 'imports', `run-${run}.ndjson`),
  }
}

/** Copied, or left where they are. */
function howTaken(
  { store, maxUploadBytes }: Config,
  { catalog, filters }: ImportEngines,
  engines: TakeInEngines,
  options: ImportOptions,
): Pick<ImportWork, 'createTakeIn' | 'pace' | 'atOnce' | 'stepLines'> {
  const limits = { rate: options.rate ?? null, share: options.share ?? null }
  if (!options.adopt) {
    return {
      createTakeIn: (source, run) => createTakeIn(engines, takeInOptions(options, source, run)),
      pace: new Pace(limits, async (upTo) => await catalog.imports.waiting(upTo)),
      ...COPIED,
    }
  }
  const { adoptions } = catalog
  const adopting = { adoptions, filters, maxUploadBytes, isOwn: (from: string) => isOwnOriginal(from, store) }
  return {
    createTakeIn: (source, run) => createAdopt(adopting, takeInOptions(options, source, run)),
    // Of these nothing waits for workers.
    pace: new Pace(limits, async () => 0),
    ...ADOPTED,
  }
}

/** Whether the store would take it for its own, and delete it with the photo that its key names. */
function isOwnOriginal(from: string, store: Config['store']): boolean {
  const location = parseLocation(from)
  if (location.kind === 'file')
    return store.kind === 'disk' && location.path.toString().startsWith(`${store.root}/`)
  if (store.kind === 'disk' || URL.parse(location.bucket)?.hostname !== store.bucket) return false
  const { key } = location
  return (
    photoIdOfOriginal(key) !== null || photoIdOfRendition(key) !== null || key.startsWith(QUARANTINE_PREFIX)
  )
}

export function sourceOptions({ as, withOriginals, root }: ImportOptions) {
  return { as: as ?? null, withOriginals: withOriginals ?? false, root: root ?? null }
}

export function takeInOptions(options: ImportOptions, source: Source, run: number): TakeInOptions {
  const { owner, ownerFrom, visibility, postedAt, exifOffset } = options
  return {
    run,
    source: options.source ?? source.name,
    choices: { owner: owner ?? null, ownerFrom: ownerFrom ?? null, visibility, postedAt },
    exifOffset: exifOffset ?? null,
  }
}
