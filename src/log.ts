import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { build as prettyStream } from 'pino-pretty'

export type Log = Logger

/** One line per event on standard output: JSON for machines, readable and coloured for a terminal. */
export function createLog(name: string, level: string): Log {
  return pino(
    { name, level, base: { name, pid: process.pid }, timestamp: stdTimeFunctions.isoTime },
    destination(),
  )
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
