import { digestsOf } from './parts.ts'
import type { PhotoSource, Signal } from './platform.ts'
import type { StoredUpload } from './queue-store.ts'
import type { UploadFields } from './upload.ts'

/** A photo in an upload queue, as it is at a moment: when anything of it changes, there is another object. */
export type QueuedUpload = {
  readonly key: string
  /** Of its photo, once one was asked for. */
  readonly id: string | null
  readonly name: string
  readonly total: number
  /** Of a `File`, in milliseconds since 1970. */
  readonly modifiedAt: number | null
  readonly fields: UploadFields
  /** `missing`: its bytes could not be kept, and are gone with the page that had them. Whoever adds the file again goes on with it. */
  readonly state: 'waiting' | 'uploading' | 'failed' | 'missing'
  readonly sent: number
  /** What was spent on sending it, until now or its last attempt ended. */
  readonly sentMs: number
  /** Whether it would survive that the page is closed. */
  readonly isKept: boolean
  /** Why it failed, by code; `retry` may help. */
  readonly problem: { code: string; message: string } | null
  /** Why it is not sent at the moment, though nothing is wrong with it, and when it is tried again, in milliseconds since 1970. */
  readonly delay: { code: string; message: string; until: number } | null
}

/** What a queue knows of one. */
export type Entry = {
  stored: StoredUpload
  /** Its bytes, if the store has them not, or not yet. */
  source: PhotoSource | null
  sent: number
  delay: QueuedUpload['delay']
  /** There while it is made ready and sent from here. */
  aborter: { signal: Signal; abort(reason?: unknown): void } | null
  /** Whether it is ready and is being sent. */
  hasTurn: boolean
  /** Whether another tab sends it. */
  isElsewhere: boolean
  /** When its attempt began, when something of it went out last, and what was spent before. */
  beganAt: number
  movedAt: number
  spentMs: number
  /** When other tabs were told last how far it is. */
  toldAt: number
  /** As it was shown last, until something changes. */
  shown: QueuedUpload | null
}

export function entryOf(stored: StoredUpload, source: PhotoSource | null = null): Entry {
  const nothing = { sent: 0, delay: null, aborter: null, hasTurn: false, isElsewhere: false, shown: null }
  return { stored, source, ...nothing, beganAt: 0, movedAt: 0, spentMs: 0, toldAt: 0 }
}

export function shownOf(entry: Entry): QueuedUpload {
  const { stored, sent, delay, aborter } = entry
  const { key, id, name, modifiedAt, fields, isKept, problem } = stored
  const isSending = entry.hasTurn || (aborter !== null && delay !== null) || entry.isElsewhere
  entry.shown ??= {
    ...{ key, id, name, total: stored.size, modifiedAt, fields, sent, isKept, problem, delay },
    state: problem ? 'failed' : isSending ? 'uploading' : hasBytes(entry) ? 'waiting' : 'missing',
    sentMs: entry.spentMs + (aborter ? Date.now() - entry.beganAt : 0),
  }
  return entry.shown
}

export function hasBytes({ stored, source }: Entry): boolean {
  return stored.isKept || source !== null
}

/** Whether it is to be sent, now or later. */
export function isWork(entry: Entry): boolean {
  return !entry.stored.problem && hasBytes(entry)
}

/**
 * Of uploads whose bytes are missing, the one that this file was chosen for before: by the SHA-256 of its bytes, or by name, size and
 * time where that was not known. Throws when the file can't be read.
 */
export async function findMissing(
  entries: readonly Entry[],
  source: PhotoSource & { readonly name?: string; readonly lastModified?: number },
): Promise<Entry | undefined> {
  const alike = entries.filter(({ stored }) => stored.size === source.size)
  if (alike.length === 0) return undefined
  const digests = alike.some(isDigested) ? String(await digestsOf(source)) : ''
  return alike.find((entry) =>
    isDigested(entry)
      ? String(entry.stored.parts) === digests
      : entry.stored.name === source.name && entry.stored.modifiedAt === (source.lastModified ?? null),
  )
}

function isDigested({ stored: { parts } }: Entry): boolean {
  return parts !== null && parts.length > 0
}
