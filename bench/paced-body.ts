import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const PIECE_BYTES = 64 * 1024

/**
 * Sends the body at a network's pace as long as the server keeps up, and as fast as it can when it fell behind. Ends when the
 * server answers before it has all.
 */
export async function sendPaced(sending: ClientRequest, body: Buffer, bytesPerSecond: number): Promise<void> {
  let isAnswered = false
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  sending.once('response', () => {
    isAnswered = true
    resolve()
  })
  const startedAt = performance.now()
  for (let at = 0; at < body.length && !isAnswered; at += PIECE_BYTES) {
    const dueAt = startedAt + (at / bytesPerSecond) * 1000
    await sleep(Math.max(0, dueAt - performance.now()))
    if (!sending.write(body.subarray(at, at + PIECE_BYTES)))
      await Promise.race([once(sending, 'drain'), answered])
  }
  sending.end()
}
