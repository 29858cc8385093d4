import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { build as prettyStream } from 'pino-pretty'
import { DarkroomError } from './errors.ts'

export type Log = Logger

/** What is found in all lines that a request led to, those of its jobs included. */
export type Trace = { requestId: string; traceparent?: string }

/** Of lines that could not be written yet. */
const MAX_HELD_BYTES = 1_000_000

/** One line per event on standard output: JSON for machines, readable and coloured for a terminal. */
export function createLog(name: string, level: string): Log {
  return pino(
    {
      name,
      level,
      base: { name, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { log: withoutStacks },
    },
    destination(),
  )
}

/**
 * What was raised on purpose is said by its code, its message and that of its cause, in the line of the event.
 * Any other error is shown with its stack.
 */
function withoutStacks({ err, ...event }: Record<string, unknown>): Record<string, unknown> {
  if (!(err instanceof DarkroomError)) return err === undefined ? event : { ...event, err }
  const { code, message: reason, cause } = err
  return { ...event, code, reason, ...(cause instanceof Error && { cause: cause.message }) }
}

const MINUTE_MS = 60_000

/** What may be said over and over. The fields are of the event that is told. */
export type Telling = (fields: Record<string, unknown>, message: string) => void

/**
 * For loops that may fail many times a second: tells the same failure once a minute, and then how many more there were
 * meanwhile. Two are the same when their messages and the kinds of their errors are.
 */
export function onceAMinute(tell: Telling, now: () => number = Date.now): Telling {
  const told = new Map<string, { at: number; more: number }>()
  return (fields, message) => {
    const key = `${message} ${kindOf(fields.err)}`
    const before = told.get(key)
    if (before && now() - before.at < MINUTE_MS) {
      before.more += 1
      return
    }
    told.set(key, { at: now(), more: 0 })
    tell(before && before.more > 0 ? { ...fields, more: before.more } : fields, message)
  }
}

/** Without what differs from one to the next, such as ids in the messages of vendors. */
function kindOf(error: unknown): string {
  if (error instanceof DarkroomError) return error.message
  if (!(error instanceof Error)) return ''
  return `${error.name} ${'code' in error ? error.code : ''}`
}

function destination(): DestinationStream {
  if (!process.stdout.isTTY) return lossyOutput()
  return prettyStream({
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid',
    singleLine: true,
  })
}

/**
 * What is logged to a disk that is full, or to a reader that is gone, is lost, but for the last of it; whatever was
 * logging goes on.
 */
function lossyOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: true, maxLength: MAX_HELD_BYTES })
  // Without a listener the error is thrown at whoever logged.
  output.on('error', () => {})
  return output
}
