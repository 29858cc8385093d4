import { DarkroomError, SetupError } from '../errors.ts'

/**
 * Ends the process with 1, after one line on what was raised on purpose, for whoever started it. Any other error is
 * a mistake of ours, and thrown again for its stack.
 */
export function tellFailure(error: unknown): void {
  if (!(error instanceof DarkroomError)) throw error
  const reason = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  process.stderr.write(`darkroom: ${error.message}${error instanceof SetupError ? '' : reason}\n`)
  process.exitCode = 1
}
