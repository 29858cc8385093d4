import type { WithoutAvif } from '../catalog/avif.ts'
import type { Catalog, Unfinished } from '../catalog/catalog.ts'
import type { Changing } from '../catalog/look-changes.ts'
import type { Log } from '../log.ts'
import { failureOf } from '../photo/failure.ts'
import { ORIGINALS_PREFIX, photoIdOfOriginal, renditionKey } from '../photo/object-keys.ts'
import { firstIdAt, type PhotoId } from '../photo/photo-id.ts'
import type { Job, JobKind } from '../queue/job.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import type { ObjectStore } from '../storage/object-store.ts'

export type SweepEngines = { catalog: Catalog; queue: JobQueue; store: ObjectStore }

const SECOND_MS = 1000
/** Younger photos have their job on the way. */
const LOST_AFTER_MS = 30 * SECOND_MS
/** An upload may last that long between its id and its row. */
const ORPHANED_AFTER_MS = 24 * 3600 * SECOND_MS
/** A reply that was begun before a change of look may sign its URLs that much later. */
const SIGNED_LATE_MS = 600 * SECOND_MS
const PAGE = 500

/**
 * Enqueues again what lost its job: a server that died between row and job, a queue that was emptied. Marks as
 * failed what gave up without its row being told. May run at any time, in several servers at once.
 * Returns how many photos were mended.
 */
export async function sweepJobs(engines: SweepEngines, log: Log, now = new Date()): Promise<number> {
  const { catalog } = engines
  const since = new Date(now.getTime() - LOST_AFTER_MS)
  let mended = 0
  for await (const photo of pages((after) => catalog.unfinished(since, after, PAGE))) {
    mended += await mendPhoto(engines, log, photo)
  }
  for await (const { id } of pages(async (after) =>
    (await catalog.removed(after, PAGE)).map((id) => ({ id })),
  )) {
    mended += await enqueueLost(engines, log, { kind: 'purge', photoId: id })
  }
  for await (const change of pages((after) => catalog.changing(since, after, PAGE))) {
    mended += await mendChange(engines, log, change)
  }
  // One page: nobody waits for these, and the queue would grow by all photos of an older Darkroom at once.
  for (const photo of await catalog.withoutAvif(since, PAGE)) {
    mended += await mendAvif(engines, log, photo)
  }
  return mended
}

/**
 * Deletes the renditions of looks that photos had before, once no delivery URL for them can be valid: URLs live
 * for `lifeSeconds` at most. Claimed first, so that no change of look shows again what is being deleted; objects
 * second, rows third, so that what a crash leaves undone is known. Returns how many were deleted.
 */
export async function sweepRenditions(
  { catalog, store }: SweepEngines,
  lifeSeconds: number,
  log: Log,
  now = new Date(),
): Promise<number> {
  const since = new Date(now.getTime() - lifeSeconds * SECOND_MS - SIGNED_LATE_MS)
  let deleted = 0
  for (;;) {
    const doomed = await catalog.doomRenditions(since, PAGE)
    for (const photo of doomed) {
      await store.delete(photo.renditions.map((rendition) => renditionKey(photo.id, rendition)))
      await catalog.forgetRenditions(photo)
      log.info({ photoId: photo.id, count: photo.renditions.length }, 'renditions of an earlier look deleted')
      deleted += photo.renditions.length
    }
    if (doomed.length === 0) return deleted
  }
}

/**
 * Deletes originals that never got a row, a day after their id was made: uploads cut off by a crash. The id in
 * the key tells the age. Returns how many were deleted.
 */
export async function sweepOriginals(
  { catalog, store }: SweepEngines,
  log: Log,
  now = new Date(),
): Promise<number> {
  const before = BigInt(firstIdAt(new Date(now.getTime() - ORPHANED_AFTER_MS)))
  let deleted = 0
  let page = new Map<PhotoId, string>()
  const deleteOrphans = async () => {
    const known = await catalog.known([...page.keys()])
    const orphans = [...page].filter(([id]) => !known.has(id)).map(([, key]) => key)
    await store.delete(orphans)
    for (const key of orphans) log.warn({ key }, 'original without a photo deleted')
    deleted += orphans.length
    page = new Map()
  }
  for await (const key of store.list(ORIGINALS_PREFIX)) {
    const id = photoIdOfOriginal(key)
    if (id !== null && BigInt(id) < before) page.set(id, key)
    if (page.size === PAGE) await deleteOrphans()
  }
  await deleteOrphans()
  return deleted
}

async function mendPhoto(engines: SweepEngines, log: Log, { id, pending }: Unfinished): Promise<number> {
  let mended = 0
  for (const kind of pending as JobKind[]) {
    const state = await engines.queue.state({ kind, photoId: id })
    if (state.name === 'failed') {
      await engines.catalog.markFailed(id, failureOf(null))
      log.warn({ photoId: id, kind, reason: state.reason }, 'photo marked failed, as its job had')
      mended += 1
    } else {
      mended += await enqueueLost(engines, log, { kind, photoId: id })
    }
  }
  return mended
}

async function mendChange(engines: SweepEngines, log: Log, { id, edition }: Changing): Promise<number> {
  const job: Job = { kind: 'filter', photoId: id, edition }
  const state = await engines.queue.state(job)
  if (state.name !== 'failed') return await enqueueLost(engines, log, job)
  await engines.catalog.giveUpLook(id, edition)
  log.warn({ photoId: id, edition, reason: state.reason }, 'look given up, as its job had')
  return 1
}

async function mendAvif(engines: SweepEngines, log: Log, { id, edition }: WithoutAvif): Promise<number> {
  const job: Job = { kind: 'avif', photoId: id, edition }
  const state = await engines.queue.state(job)
  if (state.name !== 'failed') return await enqueueLost(engines, log, job)
  await engines.catalog.giveUpAvif(id, edition)
  log.warn({ photoId: id, edition, reason: state.reason }, 'AVIF given up, as its job had')
  return 1
}

async function enqueueLost({ queue }: SweepEngines, log: Log, job: Job): Promise<number> {
  const state = await queue.state(job)
  if (state.name === 'underway') return 0
  await queue.enqueue(job)
  log.warn({ ...job }, 'lost job enqueued again')
  return 1
}

async function* pages<Row extends { id: PhotoId }>(read: (after: PhotoId | null) => Promise<Row[]>) {
  let after: PhotoId | null = null
  for (;;) {
    const rows: Row[] = await read(after)
    yield* rows
    if (rows.length < PAGE) return
    after = rows.at(-1)?.id ?? null
  }
}
