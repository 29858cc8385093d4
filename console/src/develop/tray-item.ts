import type { Photo, PhotoEvent, QueuedUpload } from 'darkroom-client'

/** One photo of the tray, from the moment it was chosen until it is developed; another object whenever anything of it changes. */
export type TrayItem = {
  readonly key: string
  readonly name: string
  readonly bytes: number
  readonly modifiedAt: number | null
  /** `missing`: the browser did not keep its bytes; whoever chooses the file again goes on with it. */
  readonly state: 'waiting' | 'sending' | 'missing' | 'developing' | 'developed' | 'failed'
  readonly sent: number
  readonly delay: QueuedUpload['delay']
  readonly problem: { code: string; message: string } | null
  /** Of the photo, once the server has it. */
  readonly photo: string | null
  readonly sentMs: number | null
  readonly timing: Photo['timing']
  /** Since when the server has it, in milliseconds since 1970. */
  readonly uploadedAt: number
}

const STATES = {
  waiting: 'waiting',
  uploading: 'sending',
  missing: 'missing',
  failed: 'failed',
} as const satisfies Record<QueuedUpload['state'], TrayItem['state']>

export function itemOfUpload(upload: QueuedUpload): TrayItem {
  const { key, name, total, modifiedAt, state, sent, delay, problem, sentMs } = upload
  return {
    ...{ key, name, bytes: total, modifiedAt, sent, delay, problem, sentMs },
    ...{ state: STATES[state], photo: null, timing: null, uploadedAt: 0 },
  }
}

/** One that needs not be sent to know that it would be refused. */
export function refusedItem(
  file: { name: string; size: number; lastModified: number },
  code: string,
  key: string,
): TrayItem {
  return {
    ...{ key, name: file.name, bytes: file.size, modifiedAt: file.lastModified, state: 'failed' },
    ...{ sent: 0, delay: null, problem: { code, message: '' }, sentMs: null },
    ...{ photo: null, timing: null, uploadedAt: 0 },
  }
}

/** The server has it, and knows so much of it. */
export function withPhoto(item: TrayItem, photo: Photo, uploadedAt = item.uploadedAt): TrayItem {
  const state = photo.status === 'ready' ? 'developed' : photo.status === 'failed' ? 'failed' : 'developing'
  const { id, timing, failure } = photo
  return { ...item, state, photo: id, timing, problem: failure, uploadedAt, sent: item.bytes, delay: null }
}

/** What an event tells of it; null when that is nothing of the tray's. */
export function withEvent(item: TrayItem, { type, timing, failure }: PhotoEvent): TrayItem | null {
  if (type === 'photo.ready') return { ...item, state: 'developed', timing }
  if (type === 'photo.failed')
    return { ...item, state: 'failed', problem: { code: failure ?? 'processing_failed', message: '' } }
  return null
}

export type Filter = 'all' | 'underway' | 'developed' | 'failed'

/** Those that somebody may want to see alone. What is missing waits for its reader, as what failed does. */
export function isOf(filter: Filter, { state }: TrayItem): boolean {
  if (filter === 'all') return true
  if (filter === 'developed') return state === 'developed'
  if (filter === 'failed') return state === 'failed' || state === 'missing'
  return state === 'waiting' || state === 'sending' || state === 'developing'
}

/** Whether the same file is there already, and nothing went wrong with it: chosen twice, it is no second photo. */
export function isThere(
  items: readonly TrayItem[],
): (file: { name: string; size: number; lastModified: number }) => boolean {
  const names = new Set(
    items
      .filter(({ state }) => state !== 'failed' && state !== 'missing')
      .map(({ name, bytes, modifiedAt }) => `${name} ${bytes} ${modifiedAt}`),
  )
  return ({ name, size, lastModified }) => names.has(`${name} ${size} ${lastModified}`)
}
