import { Agent, request } from 'node:http'
import { json } from 'node:stream/consumers'

export type UploadTarget = { url: string; token: string }

/** The reply, and the moments (of performance.now) at which the last byte was handed to the system and the reply was there. */
export type Uploaded = { id: string; sentAt: number; repliedAt: number }

const BOUNDARY = 'darkroom-bench'
const agent = new Agent({ keepAlive: true })

/** A form with the file alone, made once: a client that costs little measures more of the server. */
export function formOf(file: Buffer): Buffer {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`
  return Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)])
}

export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** Uploads over a connection that is kept. Throws when the answer is not 201. */
export async function upload({ url, token }: UploadTarget, form: Buffer): Promise<Uploaded> {
  const { promise, resolve, reject } = Promise.withResolvers<Uploaded>()
  let sentAt = 0
  request(`${url}/v1/photos`, {
    method: 'POST',
    agent,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': FORM_TYPE,
      'content-length': form.length,
    },
  })
    .on('response', async (response) => {
      const repliedAt = performance.now()
      const reply = (await json(response)) as { id: string }
      if (response.statusCode === 201) resolve({ id: reply.id, sentAt, repliedAt })
      else reject(new Error(`upload refused: ${response.statusCode} ${JSON.stringify(reply)}`))
    })
    .on('finish', () => {
      sentAt = performance.now()
    })
    .on('error', reject)
    .end(form)
  return await promise
}
