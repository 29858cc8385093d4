import { DarkroomError } from '../errors.ts'

/** Why a job failed: a stable code, and words for an operator. */
export type FailureReason = { code: string; message: string }

/** Of what was not raised on purpose: a mistake of ours, or of a library. */
const UNEXPECTED = 'unexpected'
const CODE = '^([a-z]+(?:_[a-z]+)*): '
const WRITTEN = new RegExp(`${CODE}([\\s\\S]*)$`)

/** The code in a text of SQL. */
export const CODE_IN_SQL = (text: string) => `coalesce(substring(${text} from '${CODE}'), '${UNEXPECTED}')`

/** In the one text that the queue keeps of a failure. */
export function writeReason(error: Error): string {
  return `${error instanceof DarkroomError ? error.code : UNEXPECTED}: ${error.message}`
}

/** What writeReason wrote; other texts are the queue's own, or of an earlier Darkroom. */
export function readReason(text: string): FailureReason {
  const [, code = UNEXPECTED, message = text] = WRITTEN.exec(text) ?? []
  return { code, message }
}
