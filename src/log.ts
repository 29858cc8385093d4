import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { build as prettyStream } from 'pino-pretty'
import { DarkroomError } from './errors.ts'

export type Log = Logger

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

function destination(): DestinationStream {
  if (!process.stdout.isTTY) return pino.destination({ dest: 1, sync: true })
  return prettyStream({
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid',
    singleLine: true,
  })
}
