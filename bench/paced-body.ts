import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const PIECE_BYTES = 64 * 1024

/** Sends the body at a network's pace as long as the server keeps up, and as fast as it can when it fell behind. */
export async function sendPaced(sending: ClientRequest, body: Buffer, bytesPerSecond: number): Promise<void> {
  const startedAt = performance.now()
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    const dueAt = startedAt + (at / bytesPerSecond) * 1000
    await sleep(Math.max(0, dueAt - performance.now()))
    if (!sending.write(body.subarray(at, at + PIECE_BYTES))) await once(sending, 'drain')
  }
  sending.end()
}
