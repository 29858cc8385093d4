import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SetupError } from '../../errors.ts'

/** Its presence also marks a folder as ours. */
export const LOCK_FILE = 'lock'

const SQLITE_BUSY = 5

/**
 * Makes this process the only owner of a folder until disposed. Throws SetupError when there is another; `name`
 * is what people call the folder.
 *
 * Node has no file locks of its own. SQLite, which comes with it, takes the kernel's: they end with the process,
 * however it ends, and no two processes get one at the same moment. Nothing is ever stored in the file.
 */
export function lockFolder(folder: string, name: string): Disposable {
  const ownerFile = join(folder, 'owner')
  const lock = new DatabaseSync(join(folder, LOCK_FILE))
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new SetupError(
      `Darkroom already runs on ${name} (process ${readOwner(ownerFile)}). Stop it, or choose another with DARKROOM_HOME.`,
      { cause: error },
    )
  }
  writeFileSync(ownerFile, String(process.pid))
  return { [Symbol.dispose]: () => lock.close() }
}

/** The owner writes it as soon as it has the lock: for an instant it may be missing. */
function readOwner(ownerFile: string): string {
  try {
    return readFileSync(ownerFile, 'utf8') || 'unknown'
  } catch {
    return 'unknown'
  }
}
