import { type Signal, signal } from '@preact/signals'
import type { Photo } from 'darkroom-client'
import { onEvent } from '../events.ts'
import { client } from '../session.ts'

/** A photo as it was told of last: `undefined` until it is, null when it is gone, or hidden from this viewer. */
export type KeptPhoto = Photo | null | undefined

/** Answers may overtake each other: in turns, when it was asked for last, and when that was asked for which is known of it. */
type Kept = { photo: Signal<KeptPhoto>; askedAt: number; toldAt: number }

const kept = new Map<string, Kept>()
/** URLs are asked for anew so long before they stop working. */
const MARGIN_MS = 60_000
/** Those asked for in one turn are one request. */
const asked = new Set<string>()
let turn = 0

/** The photo of that id: asked for if it is not here, and changed as events tell. */
export function photoOf(id: string): Signal<KeptPhoto> {
  const found = kept.get(id)
  if (found) {
    const { expiresAt } = found.photo.peek() ?? {}
    if (expiresAt && Date.parse(expiresAt) < Date.now() + MARGIN_MS) refresh(id)
    return found.photo
  }
  const photo = signal<KeptPhoto>(undefined)
  kept.set(id, { photo, askedAt: 0, toldAt: 0 })
  begin()
  refresh(id)
  return photo
}

/**
 * Keeps what a change of a photo is answered with. What was asked for meanwhile may tell of before or after that: then it is asked
 * for once more. Rejects as the change does.
 */
export async function keepAnswer(id: string, change: Promise<Photo>): Promise<void> {
  const begunAt = ++turn
  const photo = await change
  const found = kept.get(id)
  if (!found) return
  const isAlone = found.askedAt < begunAt
  if (found.toldAt < begunAt) tell(found, photo, ++turn)
  if (!isAlone) refresh(id)
}

/** Keeps that there is no such photo any more. */
export function keepGone(id: string): void {
  const found = kept.get(id)
  if (found) tell(found, null, ++turn)
}

/** Asks for the photo anew, as soon as there is an answer. */
export function refresh(id: string): void {
  asked.add(id)
  if (asked.size === 1) queueMicrotask(() => void ask())
}

async function ask(): Promise<void> {
  const ids = [...asked]
  asked.clear()
  const askedAt = ++turn
  for (const id of ids) {
    const found = kept.get(id)
    if (found) found.askedAt = askedAt
  }
  const photos = await client.photos(ids, { retryMs: Number.POSITIVE_INFINITY }).catch(() => null)
  if (!photos) return
  const byId = new Map(photos.map((photo) => [photo.id, photo]))
  for (const id of ids) {
    const found = kept.get(id)
    if (found && found.toldAt < askedAt) tell(found, byId.get(id) ?? null, askedAt)
  }
}

function tell(found: Kept, photo: Photo | null, toldAt: number): void {
  found.toldAt = toldAt
  found.photo.value = photo
}

let hasBegun = false

function begin(): void {
  if (hasBegun) return
  hasBegun = true
  onEvent((event) => {
    if (event.type === 'reset') for (const id of kept.keys()) refresh(id)
    else if (event.type === 'photo.deleted') keepGone(event.photo)
    else if (kept.has(event.photo)) refresh(event.photo)
  })
}
