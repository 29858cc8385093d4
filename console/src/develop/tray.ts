import { effect, signal } from '@preact/signals'
import {
  indexedDbStore,
  type Photo,
  type QueuedUpload,
  type UploadFields,
  type UploadQueue,
} from 'darkroom-client'
import { onEvent } from '../events.ts'
import { client, session } from '../session.ts'
import { sortFiles } from './chosen-files.ts'
import { Settled } from './settled.ts'
import { isThere, itemOfUpload, refusedItem, type TrayItem, withPhoto } from './tray-item.ts'

/** Of the six connections that a browser has to a server by HTTP/1.1 one is for events, and one for all else. */
const AT_ONCE = 4
/** Of what happens in so long one picture is drawn: while photos are sent something does all the time. */
const TOGETHER_MS = 150
const UNSEEN_MS = 500
/** From so many bytes on the browser is asked not to throw them away when it wants the room. */
const MUCH_BYTES = 200e6

export type TrayState = {
  isOpen: boolean
  /** In the order in which they were added; those that are done stay where they are. */
  items: readonly TrayItem[]
  isPaused: boolean
  /** Whether this tab is the one that uploads. */
  isHolder: boolean
  progress: UploadQueue['progress']
  /** Why it can't be used at all. */
  problem: string | null
}

const CLOSED: TrayState = {
  ...{ isOpen: false, items: [], isPaused: false, isHolder: true, problem: null },
  progress: { photos: { done: 0, total: 0 }, bytes: { sent: 0, total: 0 } },
}

/** All that is being uploaded and developed, whichever view is shown. It changes a few times a second. */
export const tray = signal<TrayState>(CLOSED)

const items = new Map<string, TrayItem>()
/** As the queue showed each last. */
const seen = new Map<string, QueuedUpload>()
const settled = new Settled({ items, change: (item) => put(item), photos: (ids) => client.photos(ids) })
let queue: UploadQueue | null = null
let refusals = 0

/** Opens with the session and closes with it, and goes on with what was left over. To be called once. */
export function openTray(): void {
  effect(() => {
    const state = session.value
    if (state.kind !== 'in') return
    const { owner } = state
    let isOver = false
    const stopListening = onEvent((event) => settled.hear(event))
    const stopAsking = settled.begin()
    client
      .uploadQueue({
        // Of this owner, and of this Darkroom, if there are several on one origin.
        store: indexedDbStore(`darkroom-uploads ${location.pathname} ${owner}`),
        atOnce: AT_ONCE,
        onChange: changed,
        onUploaded: uploaded,
      })
      .then(
        (opened) => {
          if (isOver) return opened.close()
          queue = opened
          readQueue()
          changed()
        },
        (error: Error) => {
          tray.value = { ...CLOSED, problem: error.message }
        },
      )
    return () => {
      isOver = true
      stopListening()
      stopAsking()
      queue?.close()
      queue = null
      items.clear()
      seen.clear()
      tray.value = CLOSED
    }
  })
  addEventListener('beforeunload', (event) => {
    if (wouldLose()) event.preventDefault()
  })
}

export type Added = { added: number; twice: number; refused: number; leftOut: number }

/** What is no photo, and what is there already, is not sent. Throws what the browser does when it can't remember any. */
export async function addFiles(
  chosen: readonly File[],
  isFolder: boolean,
  fields: UploadFields,
): Promise<Added> {
  const { photos, refused, leftOut } = sortFiles(chosen, { isFolder })
  const isHere = isThere([...items.values()])
  const fresh = photos.filter((file) => !isHere(file))
  // Chosen once more, as it is now.
  const names = new Set(fresh.map(({ name }) => name))
  const changed = [...items.values()].filter(
    ({ name, problem }) => problem?.code === 'file_changed' && names.has(name),
  )
  if (changed.length > 0) await remove(changed.map(({ key }) => key))
  for (const { file, code } of refused) put(refusedItem(file, code, `refused-${++refusals}`))
  if (fresh.reduce((sum, { size }) => sum + size, 0) > MUCH_BYTES) void navigator.storage?.persist?.()
  if (fresh.length > 0) await queue?.addAll(fresh, fields)
  return { added: fresh.length, twice: photos.length - fresh.length, refused: refused.length, leftOut }
}

export async function pauseAll(): Promise<void> {
  await queue?.pause()
}

export async function resumeAll(): Promise<void> {
  await queue?.resume()
}

export function tryNow(): void {
  queue?.hurry()
}

/** What is still to be sent is not. */
export async function cancelAll(): Promise<void> {
  const keys = [...items.values()].filter(({ photo }) => photo === null).map(({ key }) => key)
  await remove(keys)
}

export async function retry(keys: readonly string[]): Promise<void> {
  await queue?.retry(...keys)
}

/** Out of the tray. What is not sent is not; a photo that could not be developed is deleted, any other stays. */
export async function remove(keys: readonly string[]): Promise<void> {
  const gone = keys.flatMap((key) => items.get(key) ?? [])
  for (const { key } of gone) items.delete(key)
  await queue?.cancel(...keys.filter((key) => seen.has(key)))
  changed()
  for (const { state, photo } of gone)
    if (state === 'failed' && photo) await client.delete(photo).catch(() => {})
}

/** The bytes of a photo that is still to be sent. */
export async function ownFile(key: string): Promise<Blob | null> {
  return ((await queue?.source(key)) as Blob | null | undefined) ?? null
}

/** Whether leaving the page now would lose photos. */
function wouldLose(): boolean {
  return (queue?.uploads ?? []).some(
    ({ isKept, state }) => !isKept && (state === 'waiting' || state === 'uploading'),
  )
}

function uploaded(photo: Photo, upload: QueuedUpload): void {
  const item = items.get(upload.key) ?? itemOfUpload(upload)
  seen.delete(upload.key)
  put(withPhoto({ ...item, sentMs: upload.sentMs }, photo, Date.now()))
  settled.uploaded(photo.id, upload.key)
}

/** What has changed in the queue since it was read last. */
function readQueue(): void {
  const uploads = queue?.uploads ?? []
  const gone = new Set(seen.keys())
  for (const upload of uploads) {
    gone.delete(upload.key)
    if (seen.get(upload.key) === upload) continue
    seen.set(upload.key, upload)
    items.set(upload.key, itemOfUpload(upload))
  }
  for (const key of gone) {
    seen.delete(key)
    items.delete(key)
  }
}

function put(item: TrayItem): void {
  items.set(item.key, item)
  changed()
}

let isDue = false
let shownAt = Number.NEGATIVE_INFINITY

function changed(): void {
  if (isDue) return
  isDue = true
  const show = () => {
    isDue = false
    shownAt = performance.now()
    if (!queue) return
    readQueue()
    const { isPaused, isHolder, progress } = queue
    tray.value = { isOpen: true, items: [...items.values()], isPaused, isHolder, progress, problem: null }
  }
  // A page that is not seen draws no frames, and its title goes on.
  if (document.hidden) setTimeout(show, UNSEEN_MS)
  else setTimeout(() => requestAnimationFrame(show), shownAt + TOGETHER_MS - performance.now())
}
