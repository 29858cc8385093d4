import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type Cut, type FeedPage, TOP } from '../src/catalog/photos/feed-page.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { KEEPER_KEY, originalKey, renditionKey } from '../src/photo/object-keys.ts'
import type { Photo } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { Services } from '../src/services.ts'
import { failedJobs } from '../src/sweep/failed-jobs.ts'
import { checkRenditions } from './account-renditions.ts'
import { afterEdits, isGranted } from './owner.ts'
import type { Attempt } from './uploader.ts'

/** `find` asks the API as the photo's owner. */
export type Books = {
  services: Services
  attempts: readonly Attempt[]
  find(id: PhotoId, owner: OwnerId): Promise<PhotoReply>
}

const AT_ONCE = 4
const FEED_PAGE = 7

/**
 * Holds what the uploader was told against what is there, when nothing is left to do and the sweeps have run.
 * Returns a line for each thing that is not as it was promised.
 */
export async function account({ services, attempts, find }: Books): Promise<string[]> {
  const photos = await photosOf(services, new Set(attempts.map(({ owner }) => owner)))
  const objects = new Set(await Array.fromAsync(services.store.list('')))
  const attemptOf = new Map(attempts.map((attempt) => [attempt.sha256, attempt]))

  const ofPhotos = await inParallel(photos, async ({ id, owner }) => {
    const photo = await find(id, owner)
    const attempt = attemptOf.get(photo.original.sha256 ?? '')
    if (!attempt) return [`photo ${id} is none that was uploaded`]
    return (await checkPhoto(services, photo, attempt, objects)).map((problem) => `photo ${id}: ${problem}`)
  })
  return [
    ...answers(attempts),
    ...acknowledged(attempts, new Map(photos.map(({ id, original }) => [id, original.sha256 ?? '']))),
    ...doubles(photos.map(({ original }) => original.sha256 ?? '')),
    ...ofPhotos.flat(),
    ...(await feedOf(services, photos)),
    ...ownerless(objects, [
      KEEPER_KEY,
      ...photos.flatMap((photo) => [
        originalKey(photo.id, photo.original.format ?? 'jpeg'),
        ...photo.renditions.map((rendition) => renditionKey(photo, rendition)),
      ]),
    ]),
    ...(await jobsLeft(services)),
  ]
}

/**
 * Of what photos had before they changed their visibility nothing opens any more, but for what is theirs again. Returns a
 * line for each URL that does. Those that `isNobodys` are passed over.
 */
export async function checkOldUrls(
  { attempts, find }: Omit<Books, 'services'>,
  isNobodys: (id: PhotoId, path: string) => boolean = () => false,
): Promise<string[]> {
  const moved = attempts.filter(({ edits }) => edits.some(({ urls = [] }) => urls.length > 0))
  const found = await inParallel(moved, async ({ owner, outcome, edits }) => {
    if (outcome.name !== 'acknowledged') return []
    const { id } = outcome
    // One that was deleted has none.
    const { renditions = [] } = await find(id, owner)
    const pathOf = (url: string) => new URL(url).pathname
    const present = new Set(renditions.map(({ url }) => pathOf(url)))
    const old = edits
      .flatMap(({ urls = [] }) => urls)
      .filter((url) => !present.has(pathOf(url)) && !isNobodys(id, pathOf(url)))
    const opened = await Promise.all(old.map(async (url) => ((await fetch(url)).status === 403 ? [] : [url])))
    return opened.flat().map((url) => `photo ${id}: ${pathOf(url)} of a place it has left is still delivered`)
  })
  return found.flat()
}

/** Every photo was taken in at last, and nothing was said of an upload that is the app's fault or nobody's. */
function answers(attempts: readonly Attempt[]): string[] {
  const lost = Map.groupBy(attempts, ({ number }) => number)
    .entries()
    .filter(([, tries]) => !tries.some(({ outcome }) => outcome.name === 'acknowledged'))
    .map(([number, tries]) => `upload ${number} was never taken in, in ${tries.length} attempts`)
  const wrong = attempts.flatMap(({ number, outcome }) =>
    outcome.name === 'refused' && outcome.status !== 503
      ? [`upload ${number} was answered with ${outcome.status} ${outcome.code}`]
      : [],
  )
  return [...lost, ...wrong, ...attempts.flatMap(edited)]
}

/** What its owner wanted was granted at last, and nothing else was said of it but that it can't be now. */
function edited({ number, edits }: Attempt): string[] {
  return edits.flatMap((edit) => {
    const name = edit.wish.name === 'deletion' ? 'the deletion' : `a change of ${edit.wish.name}`
    const wrong = edit.statuses.slice(0, -1).filter((status) => status !== 503 && status !== 0)
    return [
      ...wrong.map((status) => `${name} of upload ${number} was answered with ${status}`),
      ...(isGranted(edit)
        ? []
        : [`${name} of upload ${number} was never granted: ${edit.statuses.join(' ')}`]),
    ]
  })
}

function acknowledged(attempts: readonly Attempt[], sha256s: ReadonlyMap<PhotoId, string>): string[] {
  return attempts.flatMap(({ number, sha256, outcome, edits, ...taken }) => {
    if (outcome.name !== 'acknowledged') return []
    const found = sha256s.get(outcome.id)
    if (afterEdits(taken, edits).isDeleted) {
      return found === undefined
        ? []
        : [`upload ${number} was deleted as ${outcome.id}, which is still there`]
    }
    if (found === undefined) return [`upload ${number} was acknowledged as ${outcome.id}, which is not there`]
    return found === sha256
      ? []
      : [`upload ${number} was acknowledged as ${outcome.id}, which is another photo`]
  })
}

function doubles(sha256s: readonly string[]): string[] {
  return [...Map.groupBy(sha256s, (sha256) => sha256)]
    .filter(([, same]) => same.length > 1)
    .map(([sha256, same]) => `${same.length} photos have the same original (SHA-256 ${sha256})`)
}

async function checkPhoto(
  services: Services,
  photo: PhotoReply,
  attempt: Attempt,
  objects: ReadonlySet<string>,
): Promise<string[]> {
  const { id, status, failure, original } = photo
  const { filter, visibility, focus } = afterEdits(attempt, attempt.edits)
  if (status !== 'ready') return [`is ${status}${failure ? ` (${failure.code})` : ''}`]
  const key = originalKey(id as PhotoId, original.format ?? 'jpeg')
  if (!objects.has(key)) return ['has no original']
  const hash = createHash('sha256')
    .update(await services.store.read(key))
    .digest('hex')
  return [
    ...(hash === original.sha256 ? [] : ['has an original of other bytes']),
    ...(photo.filter === filter ? [] : [`has the look ${photo.filter}, not ${filter}`]),
    ...(photo.visibility === visibility ? [] : [`is ${photo.visibility}, not ${visibility}`]),
    ...(isDeepStrictEqual(photo.focus, focus) ? [] : ['has another focus']),
    ...(photo.wanted === null ? [] : ['waits for another look or focus']),
    ...(await checkRenditions(photo, attempt.number, { filter, focus }, services.presets)),
  ]
}

function ownerless(objects: ReadonlySet<string>, known: readonly string[]): string[] {
  const owned = new Set(known)
  return [...objects].filter((key) => !owned.has(key)).map((key) => `object ${key} is nobody's`)
}

/** Photos whose original a trial has taken away failed in its run, and were made by another. */
async function jobsLeft({ queue }: Services): Promise<string[]> {
  const { failed: _, ...counts } = await queue.counts()
  const all = await Array.fromAsync(failedJobs(queue))
  const failed = all.filter(({ job, code }) => job.kind !== 'remake' || code !== 'original_missing')
  return Object.entries({ ...counts, failed: failed.length }).flatMap(([state, count]) =>
    count > 0 ? [`${count} jobs are ${state}`] : [],
  )
}

/** The feed of all owners, page by page, has what others see of their photos, in the order in which they were posted. */
async function feedOf({ catalog }: Services, photos: readonly Photo[]): Promise<string[]> {
  const newestFirst = (a: Photo, b: Photo) =>
    Number(b.postedAt) - Number(a.postedAt) || (BigInt(a.id) < BigInt(b.id) ? 1 : -1)
  const shown = photos.filter(({ visibility, status }) => visibility === 'public' && status === 'ready')
  const owners = [...new Set(photos.map(({ owner }) => owner))]
  const told: PhotoId[] = []
  for (let cut: Cut | null = TOP; cut; ) {
    const page: FeedPage = await catalog.feeds.page(owners, { cut, older: FEED_PAGE })
    told.push(...page.photos.map(({ id }) => id))
    cut = page.next
  }
  const isExact = isDeepStrictEqual(
    told,
    shown.toSorted(newestFirst).map(({ id }) => id),
  )
  return isExact
    ? []
    : [`the feed of all owners has ${told.length} photos, where they show ${shown.length}, or others`]
}

async function photosOf({ catalog }: Services, owners: ReadonlySet<OwnerId>) {
  const found = await Promise.all(
    [...owners].map((owner) => catalog.photos.list(owner, owner, { older: 10_000 })),
  )
  return found.flatMap(({ photos }) => photos)
}

async function inParallel<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
  const results: Result[] = []
  const rest = items.values()
  const lane = async () => {
    for (const item of rest) results.push(await work(item))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return results
}
