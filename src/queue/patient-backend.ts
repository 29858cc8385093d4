import { setTimeout as sleep } from 'node:timers/promises'
import type { IQueueBackend } from 'bullmq'
import { type Log, onceAMinute } from '../log.ts'

const PAUSE_MS = 1_000

/** Says in BullMQ's way that the server is unavailable: then it waits for `runRetryDelay`, and does the same again. */
class UnavailableError extends Error {
  readonly code = 'ECONNREFUSED'
}

export type Patience = {
  /** The server's, for the log. */
  name: string
  isUnavailable(error: Error): boolean
  log: Log
}

/**
 * The backend of a worker, who has nothing else to do while its server is unavailable: what it asked then it asks
 * again, until that passes. After any other error there is a pause.
 *
 * @NOTE BullMQ knows no sign of an unavailable server but a refused connection. After any other error it asks again
 * at once, without end: a server that is full, read-only or starting up would have it fill the log and burn a core.
 */
export function patientBackend<Backend extends IQueueBackend>(
  backend: Backend,
  { name, isUnavailable, log }: Patience,
): Backend {
  const tell = onceAMinute((fields, message) => log.warn(fields, message))
  const pause = async (error: unknown): Promise<never> => {
    if (!(error instanceof Error)) throw error
    if (isUnavailable(error)) {
      tell({ cause: error.message }, `${name} is unavailable; asking again until it is back`)
      throw new UnavailableError(error.message, { cause: error })
    }
    await sleep(PAUSE_MS)
    throw error
  }
  return new Proxy(backend, {
    get(target, property) {
      const value = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const result = value.apply(target, args)
        return result instanceof Promise ? result.catch(pause) : result
      }
    },
  })
}
