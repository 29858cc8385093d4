import type { Log } from '../../../src/supervisor/keep-alive.ts'

export type LogLine = { level: string; fields: Record<string, unknown>; message: string }

/** A log that keeps what it was told. */
export function recordingLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}
