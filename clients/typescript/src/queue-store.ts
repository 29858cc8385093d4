import type { PhotoSource } from './platform.ts'
import type { UploadFields } from './upload.ts'

/** What is remembered of a photo that is to be uploaded, its bytes included. */
export type StoredUpload = {
  key: string
  /** The order in which they were added. */
  place: number
  name: string
  source: PhotoSource
  fields: UploadFields
  /** The id that it is sent under: whoever sends it again after a reload makes no other photo. */
  id: string | null
  /** Of a large one the SHA-256 of its parts, as they were read first. Those of before have none. */
  parts?: readonly string[] | null
  /** Why it was given up. */
  problem: { code: string; message: string } | null
}

/** Where an upload queue remembers what it has to do. */
export type QueueStore = {
  all(): Promise<StoredUpload[]>
  put(upload: StoredUpload): Promise<void>
  remove(key: string): Promise<void>
  /** Resolves when nobody else works on it, with what lets others do so. Without it there is nobody else. */
  hold?(): Promise<() => void>
}

/** Remembers for as long as the page or the process lives. */
export function memoryStore(): QueueStore {
  const uploads = new Map<string, StoredUpload>()
  return {
    all: async () => [...uploads.values()],
    put: async (upload) => void uploads.set(upload.key, upload),
    remove: async (key) => void uploads.delete(key),
  }
}

type IdbRequest<Value> = {
  result: Value
  error: unknown
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}
type IdbStore = {
  getAll(): IdbRequest<StoredUpload[]>
  put(value: StoredUpload): IdbRequest<unknown>
  delete(key: string): IdbRequest<unknown>
}
type IdbTransaction = {
  objectStore(name: string): IdbStore
  oncomplete: (() => void) | null
  onabort: (() => void) | null
  error: unknown
}
type IdbDatabase = {
  createObjectStore(name: string, options: { keyPath: string }): unknown
  transaction(name: string, mode: 'readonly' | 'readwrite'): IdbTransaction
}
type IdbFactory = { open(name: string): IdbRequest<IdbDatabase> & { onupgradeneeded: (() => void) | null } }

type Locks = { request(name: string, whileHeld: () => Promise<void>): Promise<void> }

const UPLOADS = 'uploads'

/**
 * Remembers in the browser: a `File` in IndexedDB is a copy of its own, which survives a reload, a restart, and whatever
 * becomes of the file. Of the tabs of a browser one holds it at a time. Methods throw what the browser does, such as QuotaExceededError.
 */
export function indexedDbStore(name = 'darkroom-uploads'): QueueStore {
  const { indexedDB, navigator } = globalThis as unknown as {
    indexedDB: IdbFactory
    navigator: { locks?: Locks }
  }
  const opened = (async () => {
    const opening = indexedDB.open(name)
    opening.onupgradeneeded = () => opening.result.createObjectStore(UPLOADS, { keyPath: 'key' })
    return await resultOf(opening)
  })()
  /** Resolves when what was done will outlive the page. */
  const write = async (act: (store: IdbStore) => void): Promise<void> => {
    const transaction = (await opened).transaction(UPLOADS, 'readwrite')
    act(transaction.objectStore(UPLOADS))
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
  }
  return {
    all: async () =>
      await resultOf((await opened).transaction(UPLOADS, 'readonly').objectStore(UPLOADS).getAll()),
    put: async (upload) => await write((store) => store.put(upload)),
    remove: async (key) => await write((store) => store.delete(key)),
    hold: async () =>
      await new Promise((held) => {
        const whileHeld = () => new Promise<void>((letGo) => held(letGo))
        if (navigator.locks) void navigator.locks.request(name, whileHeld)
        else held(() => {})
      }),
  }
}

async function resultOf<Value>(request: IdbRequest<Value>): Promise<Value> {
  return await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
