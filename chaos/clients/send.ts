import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reply, Request } from '../../clients/typescript/src/platform.ts'
import type { Random } from '../random.ts'

/** Longer than the network stalls. */
const ANSWER_MS = 20_000
const PIECES = 6
const PAUSE_MS = [0, 60] as const

/** As a phone sends it: each request on a connection of its own, and bodies in pieces, so that a death finds them half-way. */
export function sender(random: Random, through?: URL) {
  return async ({ method, url, headers, body }: Request): Promise<Reply> => {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    // It may be lost while the body goes out: who waits for it hears of it then.
    promise.catch(() => {})
    const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body as Uint8Array<ArrayBuffer>)
    const { host } = new URL(url)
    const way = through ? { host: through.hostname, port: through.port } : {}
    const sent = request(url, {
      ...way,
      method,
      agent: false,
      headers: { ...headers, host, ...(body !== undefined && { 'content-length': bytes.length }) },
      signal: AbortSignal.timeout(ANSWER_MS),
    })
      .on('error', reject)
      .on('response', (response) => {
        const header = (name: string) => response.headers[name]?.toString() ?? null
        text(response).then(
          (said) => resolve({ status: response.statusCode ?? 0, header, text: said }),
          reject,
        )
      })
    const length = Math.max(10_000, Math.ceil(bytes.length / PIECES))
    for (let at = 0; at < bytes.length && !sent.destroyed; at += length) {
      if (at > 0) await sleep(random.between(...PAUSE_MS))
      sent.write(bytes.subarray(at, at + length))
    }
    sent.end()
    return await promise
  }
}
