import { setTimeout as sleep } from 'node:timers/promises'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { type Focus, VISIBILITIES, type Visibility } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { Random } from './random.ts'

/** Another look or none, another visibility or focus, or the end of a photo. */
export type Wish =
  | { name: 'look'; filter: FilterName | null }
  | { name: 'visibility'; visibility: Visibility }
  | { name: 'focus'; focus: Focus }
  | { name: 'deletion' }

/**
 * What a wish was answered with, each time it was asked; 0 is a connection that was lost, which tells nothing. `urls` are
 * those that the photo had before, as far as they could be had.
 */
export type Edit = { wish: Wish; statuses: readonly number[]; urls?: readonly string[] }

/** As the photo's owner asks the API: for what they wish, and for the photo's URLs. */
export type Owner = {
  ask(wish: Wish): Promise<number>
  urls(): Promise<string[]>
  /** Told of each wish, before it is asked for the first time and when it was granted. */
  asks(wish: Wish): void
  isGranted(wish: Wish): void
}

/** Where the picture has its number. */
export const MIDDLE: Focus = { x: 0.5, y: 0.5 }

/** A filter that leaves no color, so that a glance tells whether it was applied. */
export const GREY = 'mono' as FilterName

const LOOK_SHARE = 0.3
const DELETION_SHARE = 0.15
const MAX_LOOKS = 3
const SETTING_SHARE = 0.3
const MAX_SETTINGS = 3
/** Wide as it is, the picture is cropped at its sides alone: its number stays in sight. */
export const FOCUSES: readonly Focus[] = [
  { x: 0.5, y: 0.25 },
  { x: 0.5, y: 0.75 },
]
const BETWEEN_MS = [0, 3_000] as const
const TRY_AGAIN_MS = [100, 1_500] as const
const ANSWER_MS = 60_000

/** What its owner wants of a photo besides, in this order. Decided by the seed alone. */
export function wishesOf(random: Random): Wish[] {
  const isLucky = (share: number) => random.between(0, 1) < share
  const several = <Made>(share: number, most: number, make: () => Made) =>
    Array.from({ length: isLucky(share) ? Math.ceil(random.between(0, most)) : 0 }, make)
  const looks = several(
    LOOK_SHARE,
    MAX_LOOKS,
    (): Wish => ({ name: 'look', filter: random.pick([GREY, null]) }),
  )
  const settings = several(
    SETTING_SHARE,
    MAX_SETTINGS,
    (): Wish =>
      isLucky(0.7)
        ? { name: 'visibility', visibility: random.pick(VISIBILITIES) }
        : { name: 'focus', focus: random.pick(FOCUSES) },
  )
  const changes = isLucky(0.5) ? [...looks, ...settings] : [...settings, ...looks]
  return [...changes, ...(isLucky(DELETION_SHARE) ? [{ name: 'deletion' as const }] : [])]
}

/** Asks for each, one after the other, until it is granted, as an app does. */
export async function filterPhoto(
  wishes: readonly Wish[],
  owner: Owner,
  random: Random,
  isOver: () => boolean,
): Promise<Edit[]> {
  const edits: Edit[] = []
  for (const wish of wishes) {
    await sleep(random.between(...BETWEEN_MS))
    const statuses: number[] = []
    edits.push({ wish, statuses, urls: wish.name === 'visibility' ? await owner.urls() : [] })
    owner.asks(wish)
    while (!isGranted({ wish, statuses })) {
      if (isOver()) return edits
      if (statuses.length > 0) await sleep(random.between(...TRY_AGAIN_MS))
      statuses.push(await owner.ask(wish))
    }
    owner.isGranted(wish)
  }
  return edits
}

/** A photo that is not there any more may have been deleted by a try whose answer was lost. */
export function isGranted({ wish, statuses }: Edit): boolean {
  const last = statuses.at(-1) ?? 0
  return (last >= 200 && last < 300) || (wish.name === 'deletion' && last === 404 && statuses.includes(0))
}

/** How a photo is at last. */
export type Edited = {
  filter: FilterName | null
  visibility: Visibility
  focus: Focus | null
  isDeleted: boolean
}

/** How a photo is after all of that, which was taken in as public, with that look and focus. */
export function afterEdits(
  { filter, focus }: Pick<Edited, 'filter' | 'focus'>,
  edits: readonly Edit[],
): Edited {
  const photo: Edited = { filter, visibility: 'public', focus, isDeleted: false }
  for (const { wish } of edits) {
    const { name, ...changed } = wish
    Object.assign(photo, name === 'deletion' ? { isDeleted: true } : changed)
  }
  return photo
}

/** The URLs of the photo's renditions now; none when it can't be had. */
export async function urlsOf(url: string, token: string, id: PhotoId): Promise<string[]> {
  const headers = { authorization: `Bearer ${token}` }
  try {
    const reply = await fetch(`${url}/v1/photos/${id}`, { headers, signal: AbortSignal.timeout(ANSWER_MS) })
    if (!reply.ok) return []
    return ((await reply.json()) as PhotoReply).renditions.map((rendition) => rendition.url)
  } catch {
    return []
  }
}

/** Asks the API as the photo's owner. */
export async function askFor(wish: Wish, url: string, token: string, id: PhotoId): Promise<number> {
  const photo = `${url}/v1/photos/${id}`
  const headers = { authorization: `Bearer ${token}` }
  const signal = AbortSignal.timeout(ANSWER_MS)
  try {
    const reply = await request()
    await reply.arrayBuffer()
    return reply.status
  } catch {
    return 0
  }

  async function request(): Promise<Response> {
    if (wish.name === 'deletion') return await fetch(photo, { method: 'DELETE', headers, signal })
    if (wish.name === 'visibility') return await send('PATCH', photo, { visibility: wish.visibility })
    if (wish.name === 'focus') return await send('PATCH', photo, { focus: wish.focus })
    if (wish.filter === null) return await fetch(`${photo}/filter`, { method: 'DELETE', headers, signal })
    return await send('PUT', `${photo}/filter`, { filter: wish.filter })
  }

  async function send(method: string, to: string, body: unknown): Promise<Response> {
    const json = { ...headers, 'content-type': 'application/json' }
    return await fetch(to, { method, headers: json, body: JSON.stringify(body), signal })
  }
}
