import { once } from 'node:events'

/** From whoever runs us, from a terminal's Ctrl-C, from a terminal or connection that closes: all ask for the same. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Aborts when this process is asked to stop: to finish what was begun and take on nothing new. Call it first thing. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  // Stays on after the first: with `npm start` one Ctrl-C arrives twice, from the terminal and from npm.
  for (const signal of STOP_SIGNALS) process.on(signal, () => stopping.abort(signal))
  return stopping.signal
}

/** Resolves when the signal is aborted, at once when it is already. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
