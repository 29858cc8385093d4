import { EngineUnavailableError } from '../errors.ts'

/** What an operator can do about each, by the code of the system call. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: make room on it, or move the data to a larger one with DARKROOM_HOME.',
  EDQUOT: 'The disk quota is used up: raise it, or move the data to another disk with DARKROOM_HOME.',
  EROFS:
    'The disk is mounted read-only: mount it for writing. After errors systems do this by themselves; look at its health.',
  EIO: "The disk can't be read or written: look at the system's log and at its health.",
  EACCES:
    'There is no right to write here: give it to this user, or choose another folder with DARKROOM_HOME.',
  EPERM:
    'There is no right to write here: give it to this user, or choose another folder with DARKROOM_HOME.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n).',
  ENFILE: 'Too many files are open on this machine: raise its limit (fs.file-max).',
  ENOTDIR:
    'Something on the way to the folder is a file: move it away, or choose another folder with DARKROOM_HOME.',
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? ''
}

/** There is no file of that name, be it that a folder has it. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))
}

export function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error
}

/** What an operator can do about the error, or null when it is none of a disk that fails. */
export function remedyFor(error: unknown): string | null {
  return REMEDIES[codeOf(error)] ?? null
}

/** A failing disk's error as EngineUnavailableError; any other error as it is. */
export function translateDiskError(error: unknown): unknown {
  const remedy = remedyFor(error)
  return remedy === null ? error : new EngineUnavailableError(remedy, { cause: error })
}
