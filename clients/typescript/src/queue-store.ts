import type { PhotoSource } from './platform.ts'
import type { UploadFields } from './upload.ts'

/** What is remembered of a photo that is to be uploaded, besides its bytes. */
export type StoredUpload = {
  key: string
  /** The order in which they were added. */
  place: number
  name: string
  size: number
  /** Of a `File`, in milliseconds since 1970. */
  modifiedAt: number | null
  fields: UploadFields
  /** The id that it is sent under: whoever sends it again after a reload makes no other photo. */
  id: string | null
  /** The SHA-256 of its parts, as they were read first: of a large one, and of one whose bytes are not kept. */
  parts: readonly string[] | null
  /** Whether the store has its bytes. */
  isKept: boolean
  /** Why it was given up. */
  problem: { code: string; message: string } | null
}

/** Where an upload queue remembers what it has to do. */
export type QueueStore = {
  all(): Promise<StoredUpload[]>
  /** All of them, or none. */
  put(uploads: readonly StoredUpload[]): Promise<void>
  /** As `put`, with its bytes. Throws when there is no room for them. */
  keep(upload: StoredUpload, source: PhotoSource): Promise<void>
  /** The bytes that were kept. */
  read(key: string): Promise<PhotoSource | null>
  /** With their bytes. */
  remove(keys: readonly string[]): Promise<void>
  /** Whether all of it is paused. Without it a queue that is opened anew is not. */
  paused?: { get(): Promise<boolean>; set(isPaused: boolean): Promise<void> }
  /** Resolves when nobody else works on it, with what lets others do so. Without it there is nobody else. */
  hold?(): Promise<() => void>
  /** Hears what the others tell who use the store, and tells them. */
  link?(hear: (news: unknown) => void): { tell(news: unknown): void; close(): void }
}

/** Remembers for as long as the page or the process lives. */
export function memoryStore(): QueueStore {
  const uploads = new Map<string, StoredUpload>()
  const sources = new Map<string, PhotoSource>()
  let isPaused = false
  const put = (all: readonly StoredUpload[]) => {
    for (const upload of all) uploads.set(upload.key, upload)
  }
  return {
    all: async () => [...uploads.values()],
    put: async (all) => put(all),
    keep: async (upload, source) => {
      put([upload])
      sources.set(upload.key, source)
    },
    read: async (key) => sources.get(key) ?? null,
    remove: async (keys) => {
      for (const key of keys) {
        uploads.delete(key)
        sources.delete(key)
      }
    },
    paused: {
      get: async () => isPaused,
      set: async (value) => {
        isPaused = value
      },
    },
  }
}
