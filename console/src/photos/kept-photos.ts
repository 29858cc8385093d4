import { type Signal, signal } from '@preact/signals'
import type { Photo } from 'darkroom-client'
import { onEvent } from '../events.ts'
import { client } from '../session.ts'

/** A photo as it was told of last: `undefined` until it is, null when it is gone, or hidden from this viewer. */
export type KeptPhoto = Photo | null | undefined

const kept = new Map<string, Signal<KeptPhoto>>()
/** URLs are asked for anew so long before they stop working. */
const MARGIN_MS = 60_000
/** Those asked for in one turn are one request. */
const asked = new Set<string>()

/** The photo of that id: asked for if it is not here, and changed as events tell. */
export function photoOf(id: string): Signal<KeptPhoto> {
  const found = kept.get(id)
  if (found) {
    const { expiresAt } = found.peek() ?? {}
    if (expiresAt && Date.parse(expiresAt) < Date.now() + MARGIN_MS) refresh(id)
    return found
  }
  const made = signal<KeptPhoto>(undefined)
  kept.set(id, made)
  begin()
  refresh(id)
  return made
}

/** Keeps what a reply told of a photo. */
export function keep(photo: Photo): Photo {
  const found = kept.get(photo.id)
  if (found) found.value = photo
  else kept.set(photo.id, signal<KeptPhoto>(photo))
  begin()
  return photo
}

/** Keeps that there is no such photo any more. */
export function keepGone(id: string): void {
  const found = kept.get(id)
  if (found) found.value = null
}

/** Asks for the photo anew, as soon as there is an answer. */
export function refresh(id: string): void {
  asked.add(id)
  if (asked.size === 1) queueMicrotask(() => void ask())
}

async function ask(): Promise<void> {
  const ids = [...asked]
  asked.clear()
  const photos = await client.photos(ids, { retryMs: Number.POSITIVE_INFINITY }).catch(() => null)
  if (!photos) return
  const byId = new Map(photos.map((photo) => [photo.id, photo]))
  for (const id of ids) {
    const found = kept.get(id)
    if (found) found.value = byId.get(id) ?? null
  }
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
