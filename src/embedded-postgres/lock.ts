import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SetupError } from '../errors.ts'

/** Its presence also marks a folder as ours. */
export const LOCK_FILE = 'lock'

/** Names the process that has, or had, the lock: written each time that one takes it. */
export const HOLDER_FILE = 'owner'

const SQLITE_BUSY = 5

/**
 * Makes this process the only owner of a folder until disposed. Throws SetupError when there is another; `name`
 * is what people call the folder.
 *
 * Node has no file locks of its own. SQLite, which comes with it, takes the kernel's: they end with the process,
 * however it ends, and no two processes get one at the same moment. Nothing is ever stored in the file.
 */
export function lockFolder(folder: string, name: string): Disposable {
  const holderFile = join(folder, HOLDER_FILE)
  const lock = new DatabaseSync(join(folder, LOCK_FILE))
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new SetupError(
      `Darkroom already runs on ${name} (process ${readHolder(holderFile)}). Stop it, or choose another with DARKROOM_HOME.`,
      { cause: error },
    )
  }
  writeFileSync(holderFile, String(process.pid))
  return { [Symbol.dispose]: () => lock.close() }
}

/** The holder writes it as soon as it has the lock: for an instant it may be missing. */
function readHolder(holderFile: string): string {
  try {
    return readFileSync(holderFile, 'utf8') || 'unknown'
  } catch {
    return 'unknown'
  }
}
