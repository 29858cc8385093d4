import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import type { BookedFilter } from './filter-book.ts'
import type { TableFileAnswer, TableFileTask } from './table-thread.ts'

/** `cube`: the text of a `.cube` file, gzip. `hald`: a PNG. */
export type TableFileKind = TableFileTask['kind']

/** All of ours, and some of an operator's. */
const MOST_FILES = 200
/** Whoever shows all looks asks for their tables in a row: a thread that starts for each would take longer than the tables do. */
const IDLE_MS = 5_000

/**
 * The files that apps draw previews with. Making one takes a tenth of a second of a core, so a thread makes it, once, one
 * after the other; the event loop only hands it on.
 */
export class TableFiles {
  readonly #kept = new LRUCache<string, Promise<Buffer>>({ max: MOST_FILES })
  #newest: Promise<unknown> = Promise.resolve()
  #thread: Worker | null = null
  #idle: NodeJS.Timeout | undefined

  async get(filter: BookedFilter, kind: TableFileKind): Promise<Buffer> {
    const key = `${filter.name}.${filter.digest}.${kind}`
    const kept = this.#kept.get(key)
    if (kept) return await kept

    const file = this.#newest.then(async () => await this.#make(await taskOf(filter, kind)))
    this.#kept.set(key, file)
    this.#newest = file.catch(() => this.#kept.delete(key))
    return await file
  }

  /** Throws what the thread does. */
  async #make(task: TableFileTask): Promise<Buffer> {
    clearTimeout(this.#idle)
    const thread = this.#thread ?? this.#start()
    thread.ref()
    try {
      thread.postMessage(task)
      // Rejects when the thread dies.
      const [answer] = (await once(thread, 'message')) as [TableFileAnswer]
      if ('error' in answer) throw answer.error
      const { buffer, byteOffset, byteLength } = answer.file
      return Buffer.from(buffer, byteOffset, byteLength)
    } finally {
      thread.unref()
      this.#idle = setTimeout(() => this.#end(thread), IDLE_MS).unref()
    }
  }

  #start(): Worker {
    const thread = new Worker(new URL('./table-thread.ts', import.meta.url))
    // Before whoever waits for it hears of that, and asks for the next file.
    thread.once('error', () => this.#end(thread))
    this.#thread = thread
    return thread
  }

  #end(thread: Worker): void {
    if (this.#thread === thread) this.#thread = null
    void thread.terminate()
  }
}

/** Our own filters are compiled there: that is the half of the work. */
async function taskOf(
  { name, origin, title, table }: BookedFilter,
  kind: TableFileKind,
): Promise<TableFileTask> {
  return { kind, title, name, table: origin === 'own' ? null : await table() }
}
