// Many phones on slow networks: all upload at the same time, each a piece at a time.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type ClientRequest, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from '../script-process.ts'
import { FORM_TYPE, formOf, type UploadTarget } from '../upload-request.ts'

export type SlowQuestion = UploadTarget & { clients: number; seconds: number }

const PIECE_BYTES = 64 * 1024

const form = formOf(await readFile(process.argv[2] ?? ''))

/** How many were taken in. */
answer<SlowQuestion, number>(async ({ clients, seconds, ...target }) => {
  const taken = await Promise.all(Array.from({ length: clients }, () => uploadSlowly(target, seconds)))
  return taken.filter(Boolean).length
})

async function uploadSlowly({ url, token }: UploadTarget, seconds: number): Promise<boolean> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': FORM_TYPE,
    'content-length': form.length,
  }
  const sending = request(`${url}/v1/photos`, { method: 'POST', agent: false, headers })
  const answered = once(sending, 'response')
  await sendSlowly(sending, seconds)
  const [response] = await answered
  response.resume()
  return response.statusCode === 201
}

/** Keeps to its pace as long as the server does, and goes on as fast as it can when it fell behind. */
async function sendSlowly(sending: ClientRequest, seconds: number): Promise<void> {
  const startedAt = performance.now()
  for (let at = 0; at < form.length; at += PIECE_BYTES) {
    const dueAt = startedAt + (at / form.length) * seconds * 1000
    await sleep(Math.max(0, dueAt - performance.now()))
    if (!sending.write(form.subarray(at, at + PIECE_BYTES))) await once(sending, 'drain')
  }
  sending.end()
}
