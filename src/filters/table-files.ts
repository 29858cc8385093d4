import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import type { BookedFilter } from './filter-book.ts'
import type { TableFileTask } from './table-thread.ts'

/** `cube`: the text of a `.cube` file, gzip. `hald`: a PNG. */
export type TableFileKind = TableFileTask['kind']

/** All of ours, and some of an operator's. */
const MOST_FILES = 200

/**
 * The files that apps draw previews with. Making one takes up to a second of a core, so a thread makes it, once, one
 * after the other; the event loop only hands it on.
 */
export class TableFiles {
  readonly #kept = new LRUCache<string, Promise<Buffer>>({ max: MOST_FILES })
  #newest: Promise<unknown> = Promise.resolve()

  async get(filter: BookedFilter, kind: TableFileKind): Promise<Buffer> {
    const key = `${filter.name}.${filter.digest}.${kind}`
    const kept = this.#kept.get(key)
    if (kept) return await kept

    const file = this.#newest.then(async () => await makeInThread(await taskOf(filter, kind)))
    this.#kept.set(key, file)
    this.#newest = file.catch(() => this.#kept.delete(key))
    return await file
  }
}

/** Our own filters are compiled there: that is the half of the work. */
async function taskOf(
  { name, origin, title, table }: BookedFilter,
  kind: TableFileKind,
): Promise<TableFileTask> {
  return { kind, title, name, table: origin === 'own' ? null : await table() }
}

async function makeInThread(task: TableFileTask): Promise<Buffer> {
  const thread = new Worker(new URL('./table-thread.ts', import.meta.url), { workerData: task })
  // Rejects when the thread fails.
  const [file] = (await once(thread, 'message')) as [Uint8Array]
  return Buffer.from(file.buffer, file.byteOffset, file.byteLength)
}
