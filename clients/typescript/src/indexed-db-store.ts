import type { PhotoSource } from './platform.ts'
import type { QueueStore, StoredUpload } from './queue-store.ts'

type IdbRequest<Value> = {
  result: Value
  error: unknown
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}
type IdbStore = {
  getAll(): IdbRequest<unknown[]>
  get(key: string): IdbRequest<unknown>
  put(value: unknown, key?: string): IdbRequest<unknown>
  delete(key: string): IdbRequest<unknown>
}
type IdbTransaction = {
  objectStore(name: string): IdbStore
  oncomplete: (() => void) | null
  onabort: (() => void) | null
  error: unknown
}
type IdbDatabase = {
  createObjectStore(name: string, options?: { keyPath: string }): IdbStore
  transaction(names: readonly string[], mode: 'readonly' | 'readwrite'): IdbTransaction
  onversionchange: (() => void) | null
  close(): void
}
type IdbOpening = IdbRequest<IdbDatabase> & {
  transaction: IdbTransaction | null
  onupgradeneeded: ((event: { oldVersion: number }) => void) | null
}
type IdbFactory = { open(name: string, version: number): IdbOpening }

type Locks = { request(name: string, whileHeld: () => Promise<void>): Promise<void> }

type Channel = {
  onmessage: ((event: { data: unknown }) => void) | null
  postMessage(message: unknown): void
  close(): void
}

/** What is remembered of each, without its bytes: it is written anew with every step. */
const UPLOADS = 'uploads'
const FILES = 'files'
const SETTINGS = 'settings'
const IS_PAUSED = 'isPaused'

/**
 * Remembers in the browser: a `File` in IndexedDB is a copy of its own, which survives a reload, a restart, and whatever
 * becomes of the file (but in private windows of Chromium, where it is the file itself). Of the tabs of a browser one holds it at a time, and the others hear of what it does. Methods throw what the
 * browser does, such as QuotaExceededError.
 */
export function indexedDbStore(name = 'darkroom-uploads'): QueueStore {
  const { indexedDB, navigator, BroadcastChannel } = globalThis as unknown as {
    indexedDB: IdbFactory
    navigator: { locks?: Locks }
    BroadcastChannel?: new (name: string) => Channel
  }
  const opened = open(indexedDB, name)
  const read = async (store: string, ask: (store: IdbStore) => IdbRequest<unknown>) =>
    await resultOf(ask((await opened).transaction([store], 'readonly').objectStore(store)))
  /** Resolves when what was done will outlive the page. */
  const write = async (
    stores: readonly string[],
    act: (store: (name: string) => IdbStore) => void,
  ): Promise<void> => {
    const transaction = (await opened).transaction(stores, 'readwrite')
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
    act((store) => transaction.objectStore(store))
    await ended
  }
  return {
    all: async () => (await read(UPLOADS, (store) => store.getAll())) as StoredUpload[],
    put: async (uploads) =>
      await write([UPLOADS], (store) => {
        for (const upload of uploads) store(UPLOADS).put(upload)
      }),
    keep: async (upload, source) =>
      await write([UPLOADS, FILES], (store) => {
        store(UPLOADS).put(upload)
        store(FILES).put(source, upload.key)
      }),
    read: async (key) => ((await read(FILES, (store) => store.get(key))) as PhotoSource | undefined) ?? null,
    remove: async (keys) =>
      await write([UPLOADS, FILES], (store) => {
        for (const key of keys) {
          store(UPLOADS).delete(key)
          store(FILES).delete(key)
        }
      }),
    paused: {
      get: async () => (await read(SETTINGS, (store) => store.get(IS_PAUSED))) === true,
      set: async (isPaused) => await write([SETTINGS], (store) => store(SETTINGS).put(isPaused, IS_PAUSED)),
    },
    hold: async () =>
      await new Promise((held) => {
        const whileHeld = () => new Promise<void>((letGo) => held(letGo))
        if (navigator.locks) void navigator.locks.request(name, whileHeld)
        else held(() => {})
      }),
    ...(BroadcastChannel && {
      link: (hear) => {
        const channel = new BroadcastChannel(name)
        channel.onmessage = ({ data }) => hear(data)
        return { tell: (news) => channel.postMessage(news), close: () => channel.close() }
      },
    }),
  }
}

async function open(indexedDB: IdbFactory, name: string): Promise<IdbDatabase> {
  const opening = indexedDB.open(name, 2)
  opening.onupgradeneeded = ({ oldVersion }) => {
    const database = opening.result
    const files = database.createObjectStore(FILES)
    database.createObjectStore(SETTINGS)
    if (oldVersion === 0) database.createObjectStore(UPLOADS, { keyPath: 'key' })
    else if (opening.transaction) moveFiles(opening.transaction.objectStore(UPLOADS), files)
  }
  const database = await resultOf<IdbDatabase>(opening)
  // A tab with a newer client does not wait for this one.
  database.onversionchange = () => database.close()
  return database
}

/** Of version 1, in which the bytes lay beside the rest. */
function moveFiles(uploads: IdbStore, files: IdbStore): void {
  const asked = uploads.getAll()
  asked.onsuccess = () => {
    for (const upload of asked.result as (StoredUpload & { source: PhotoSource })[]) {
      const { source, ...rest } = upload
      files.put(source, upload.key)
      uploads.put({ ...rest, size: source.size, modifiedAt: null, parts: rest.parts ?? null, isKept: true })
    }
  }
}

async function resultOf<Value>(request: IdbRequest<Value>): Promise<Value> {
  return await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
