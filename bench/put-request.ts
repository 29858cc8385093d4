import { createHash, randomUUID } from 'node:crypto'
import { Agent, type ClientRequest, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { sendPaced } from './paced-body.ts'
import type { UploadTarget } from './upload-request.ts'

const agent = new Agent({ keepAlive: true })

/** Ids to put photos under; of a target without tokens any will do. */
export async function idsFor({ url, token }: UploadTarget, count: number): Promise<string[]> {
  if (token === '') return Array.from({ length: count }, () => randomUUID())
  const reply = await fetch(`${url}/v1/ids`, {
    method: 'POST',
    body: JSON.stringify({ count }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  })
  return ((await reply.json()) as { ids: string[] }).ids
}

/** Puts the bare bytes, over a connection that is kept, as fast as it goes unless told. Throws when the answer is not 201. */
export async function put(
  target: UploadTarget,
  id: string,
  photo: Buffer,
  bytesPerSecond = Number.POSITIVE_INFINITY,
): Promise<void> {
  const asked = open(target, id, { 'content-length': photo.length }, agent)
  if (bytesPerSecond < Number.POSITIVE_INFINITY) void sendPaced(asked, photo, bytesPerSecond)
  else asked.end(photo)
  await answered(asked, 201)
}

/** Asks to put once more what is there, as who waits for "100 Continue"; resolves to the milliseconds until the reply. */
export async function repeat(target: UploadTarget, id: string, photo: Buffer): Promise<number> {
  const digest = `sha-256=:${createHash('sha256').update(photo).digest('base64')}:`
  const startedAt = performance.now()
  const asked = open(target, id, {
    'content-length': photo.length,
    'content-digest': digest,
    expect: '100-continue',
  })
  asked.flushHeaders()
  await answered(asked, 200)
  const ms = performance.now() - startedAt
  asked.destroy()
  return ms
}

function open(
  { url, token }: UploadTarget,
  id: string,
  headers: Record<string, string | number>,
  through?: Agent,
): ClientRequest {
  return request(`${url}/v1/photos/${id}`, {
    method: 'PUT',
    ...(through && { agent: through }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'image/jpeg', ...headers },
  })
}

async function answered(asked: ClientRequest, wanted: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  asked
    .on('response', async (response) => {
      const reply = await json(response).catch(() => null)
      if (response.statusCode === wanted) resolve()
      else reject(new Error(`put refused: ${response.statusCode} ${JSON.stringify(reply)}`))
    })
    .on('error', reject)
  await promise
}
