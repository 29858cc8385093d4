import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ignoreMissing } from './disk-errors.ts'

/**
 * Makes the names that were added to or removed from a folder safe from a power cut. Callers that ask while a
 * sync of the same folder runs share the next one, because the running one may have begun before their change:
 * ten puts at once into one folder cost two syncs, not ten.
 */
export class FolderSync {
  readonly #running = new Map<string, Promise<void>>()
  readonly #next = new Map<string, Promise<void>>()

  async syncAll(folders: readonly string[]): Promise<void> {
    await Promise.all(folders.map((folder) => this.#sync(folder)))
  }

  #sync(folder: string): Promise<void> {
    const next = this.#next.get(folder)
    if (next) return next
    const running = this.#running.get(folder)
    if (!running) return this.#start(folder)

    const start = () => {
      this.#next.delete(folder)
      return this.#start(folder)
    }
    const queued = running.then(start, start)
    this.#next.set(folder, queued)
    return queued
  }

  #start(folder: string): Promise<void> {
    const run = syncFolder(folder).finally(() => this.#running.delete(folder))
    this.#running.set(folder, run)
    return run
  }
}

/** The upper folder, the lower one and all between them. */
export function foldersBetween(upper: string, lower: string): readonly string[] {
  return lower === upper ? [upper] : [...foldersBetween(upper, dirname(lower)), lower]
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can't sync folders and need not: NTFS keeps a journal of names.
  if (process.platform === 'win32') return
  try {
    await using file = await open(folder)
    await file.sync()
  } catch (error) {
    // Deleted since, and with it the names it had.
    ignoreMissing(error)
  }
}
