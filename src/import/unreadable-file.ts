import { nameOf } from '../aws-errors.ts'
import { DarkroomError, EngineUnavailableError, ObjectArchivedError, ObjectNotFoundError } from '../errors.ts'

type Code = 'unreadable' | 'file_missing' | 'object_archived' | 'corrupt_archive'

/** A file of a source can't be read, or not to its end. Others of the source may be. */
export class UnreadableFileError extends DarkroomError {
  readonly code: Code

  constructor(message: string, code: Code = 'unreadable', options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Says what an error means for a file of a source, without its path. EngineUnavailableError stays what it is, unless it is
 * this one object that is not for us.
 */
export function unreadable(error: unknown): UnreadableFileError | EngineUnavailableError {
  const cause = { cause: error }
  if (error instanceof UnreadableFileError) return error
  if (error instanceof EngineUnavailableError)
    return isDenied(error) ? new UnreadableFileError('It is not ours to read.', 'unreadable', cause) : error
  if (error instanceof ObjectNotFoundError)
    return new UnreadableFileError('It is not there.', 'file_missing', cause)
  if (error instanceof ObjectArchivedError)
    return new UnreadableFileError('It is archived. Restore it first.', 'object_archived', cause)
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new UnreadableFileError('It is not there.', 'file_missing', cause)
  if (code === 'EACCES' || code === 'EPERM')
    return new UnreadableFileError('It is not ours to read.', 'unreadable', cause)
  const why = code ?? (error instanceof Error ? error.message : String(error))
  return new UnreadableFileError(`It can't be read: ${why}.`, 'unreadable', cause)
}

function isDenied(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return nameOf(error) === 'AccessDenied' || isDenied(error.cause)
}
