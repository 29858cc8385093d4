import { Agent, request } from 'node:http'
import { sendPaced } from './paced-body.ts'
import type { UploadTarget } from './upload-request.ts'

const agent = new Agent({ keepAlive: true })

/** The path of a new upload of so many bytes. */
export async function beginUpload({ url, token }: UploadTarget, bytes: number): Promise<string> {
  const headers = { ...headersOf(token), 'upload-length': String(bytes) }
  const reply = await fetch(`${url}/v1/uploads`, { method: 'POST', headers })
  if (reply.status !== 201) throw new Error(`upload refused: ${reply.status} ${await reply.text()}`)
  return reply.headers.get('location') as string
}

/** Uploads in parts of so many bytes, one after the other, over a connection that is kept, as fast as it goes unless told. */
export async function uploadByTus(
  target: UploadTarget,
  photo: Buffer,
  partBytes: number,
  bytesPerSecond = Number.POSITIVE_INFINITY,
): Promise<void> {
  const path = await beginUpload(target, photo.length)
  for (let at = 0; at < photo.length; at += partBytes)
    await patch(target, path, { at, part: photo.subarray(at, at + partBytes), bytesPerSecond })
}

async function patch(
  target: UploadTarget,
  path: string,
  { at, part, bytesPerSecond }: { at: number; part: Buffer; bytesPerSecond: number },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const asked = openPatch(target, path, { offset: at, bytes: part.length, through: agent })
    .on('response', (response) => {
      response.resume()
      if (response.statusCode === 204) resolve()
      else reject(new Error(`a part was refused: ${response.statusCode}`))
    })
    .on('error', reject)
  if (bytesPerSecond < Number.POSITIVE_INFINITY) void sendPaced(asked, part, bytesPerSecond)
  else asked.end(part)
  await promise
}

/** A request for one part, whose body is still to be written. */
export function openPatch(
  { url, token }: UploadTarget,
  path: string,
  { offset, bytes, through }: { offset: number; bytes: number; through: Agent | false },
) {
  return request(url + path, {
    method: 'PATCH',
    agent: through,
    headers: {
      ...headersOf(token),
      'content-type': 'application/offset+octet-stream',
      'content-length': bytes,
      'upload-offset': offset,
    },
  })
}

function headersOf(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' }
}
