import { setTimeout as sleep } from 'node:timers/promises'
import type { FilterName } from '../src/photo/filter.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { Random } from './random.ts'

/** Another look, none, or the end of a photo. */
export type Wish = { name: 'look'; filter: FilterName | null } | { name: 'deletion' }

/** What a wish was answered with, each time it was asked; 0 is a connection that was lost, which tells nothing. */
export type Edit = { wish: Wish; statuses: readonly number[] }

/** A filter that leaves no color, so that a glance tells whether it was applied. */
export const GREY = 'mono' as FilterName

const LOOK_SHARE = 0.3
const DELETION_SHARE = 0.15
const MAX_LOOKS = 3
const BETWEEN_MS = [0, 3_000] as const
const TRY_AGAIN_MS = [100, 1_500] as const
const ANSWER_MS = 60_000

/** What its owner wants of a photo besides, in this order. Decided by the seed alone. */
export function wishesOf(random: Random): Wish[] {
  const isLucky = (share: number) => random.between(0, 1) < share
  const count = isLucky(LOOK_SHARE) ? Math.ceil(random.between(0, MAX_LOOKS)) : 0
  const looks = Array.from({ length: count }, () => ({
    name: 'look' as const,
    filter: random.pick([GREY, null]),
  }))
  return [...looks, ...(isLucky(DELETION_SHARE) ? [{ name: 'deletion' as const }] : [])]
}

/** Asks for each, one after the other, until it is granted, as an app does. `ask` resolves to the status. */
export async function editPhoto(
  wishes: readonly Wish[],
  ask: (wish: Wish) => Promise<number>,
  random: Random,
  isOver: () => boolean,
): Promise<Edit[]> {
  const edits: Edit[] = []
  for (const wish of wishes) {
    await sleep(random.between(...BETWEEN_MS))
    const statuses: number[] = []
    edits.push({ wish, statuses })
    while (!isGranted({ wish, statuses })) {
      if (isOver()) return edits
      if (statuses.length > 0) await sleep(random.between(...TRY_AGAIN_MS))
      statuses.push(await ask(wish))
    }
  }
  return edits
}

/** A photo that is not there any more may have been deleted by a try whose answer was lost. */
export function isGranted({ wish, statuses }: Edit): boolean {
  const last = statuses.at(-1) ?? 0
  return (last >= 200 && last < 300) || (wish.name === 'deletion' && last === 404 && statuses.includes(0))
}

/** The look a photo has at last, and whether it is deleted. */
export function afterEdits(
  uploadedWith: FilterName | null,
  edits: readonly Edit[],
): { filter: FilterName | null; isDeleted: boolean } {
  let filter = uploadedWith
  for (const { wish } of edits) if (wish.name === 'look') filter = wish.filter
  return { filter, isDeleted: edits.some(({ wish }) => wish.name === 'deletion') }
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
    if (wish.filter === null) return await fetch(`${photo}/filter`, { method: 'DELETE', headers, signal })
    return await fetch(`${photo}/filter`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ filter: wish.filter }),
      signal,
    })
  }
}
