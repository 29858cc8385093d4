import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that a system hands to whoever does not care which, for a moment or for hours. */
const [FIRST, LAST] = [11_000, 31_999]
/** Each process goes through them from a place of its own, so that two that look at the same time find different ones. */
let next = randomInt(FIRST, LAST)

/** A port of this machine that nobody listened on a moment ago, nor was given before. Somebody may by the time it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next
    next = port === LAST ? FIRST : port + 1
    if (await isFree(port)) return port
  }
}

/** Throws what the system says when no port can be had at all. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}
