import { DarkroomError } from '../errors.ts'

/** One thing that was looked at. `detail` says what was seen, or what is wrong and how to mend it. */
export type Finding = { name: string; isWell: boolean; detail: string }

/** Examinations return what they saw, in a line, and throw what is wrong, with how to mend it. */
export async function look(name: string, examineIt: () => Promise<string>): Promise<Finding> {
  try {
    return well(name, await examineIt())
  } catch (error) {
    return bad(name, error)
  }
}

export function well(name: string, detail: string): Finding {
  return { name, isWell: true, detail }
}

export function bad(name: string, error: unknown): Finding {
  if (error instanceof DarkroomError) return { name, isWell: false, detail: withCause(error) }
  return { name, isWell: false, detail: error instanceof Error ? error.message : String(error) }
}

/** "The database does not answer" is for clients; whoever runs the doctor wants to know why. */
function withCause({ message, cause }: DarkroomError): string {
  const reason = cause instanceof Error ? reasonOf(cause) : ''
  return reason && !message.includes(reason) ? `${message}\n(${reason})` : message
}

/** The innermost, as "fetch failed" is none. */
function reasonOf(error: Error): string {
  if (error.cause instanceof Error) return reasonOf(error.cause)
  return error.message || ('code' in error ? String(error.code) : '')
}
