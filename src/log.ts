import {
  type DestinationStream,
  type Logger,
  pino,
  type SerializedError,
  stdSerializers,
  stdTimeFunctions,
} from 'pino'
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
      serializers: { err: shownError },
    },
    destination(),
  )
}

/** What was raised on purpose says enough in its message, and in its cause's; anything else is shown with its stack. */
function shownError(error: Error): SerializedError | Record<string, string> {
  if (!(error instanceof DarkroomError)) return stdSerializers.err(error)
  const { code, message, cause } = error
  return { code, message, ...(cause instanceof Error && { cause: cause.message }) }
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
