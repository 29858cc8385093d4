import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { PhotoId } from '../../src/photo/photo-id.ts'

export type Fields = Record<string, string>

/** A form with the fields before the file, as the API wants it. */
export function photoForm(photo: Buffer, fields: Fields = {}, name = 'photo.jpg'): FormData {
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.append(field, value)
  form.append('file', new Blob([new Uint8Array(photo)]), name)
  return form
}

export type Service = { url: string; token(owner: string): Promise<string> }

export async function authorization(service: Service, owner = 'alice'): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await service.token(owner)}` }
}

export async function postForm(
  service: Service,
  body: FormData,
  headers: Fields = {},
  owner = 'alice',
): Promise<Response> {
  return await fetch(`${service.url}/v1/photos`, {
    method: 'POST',
    body,
    headers: { ...(await authorization(service, owner)), ...headers },
  })
}

/** A client that sends an upload byte by byte as it likes, over a socket of its own. */
export async function openUpload(
  service: Service,
  { token, connection = 'keep-alive' }: { token?: string; connection?: string } = {},
) {
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  const boundary = randomBytes(12).toString('hex')
  let reply = ''
  const closed = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => {
      reply += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(reply))
  })
  socket.write(
    `POST /v1/photos HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token ?? (await service.token('alice'))}\r\n` +
      `Content-Type: multipart/form-data; boundary=${boundary}\r\nConnection: ${connection}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  const send = (bytes: Buffer | string) => sendChunk(socket, Buffer.from(bytes))
  return {
    socket,
    /** All that came back, once the connection is closed. */
    closed,
    send,
    beginFile: async () =>
      await send(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n`),
    end: async () => {
      await send(`\r\n--${boundary}--\r\n`)
      socket.write('0\r\n\r\n')
    },
  }
}

/** Resolves when the socket has taken the bytes, or is closed and takes nothing any more. */
async function sendChunk(socket: Socket, bytes: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.write(`${bytes.length.toString(16)}\r\n`)
  socket.write(bytes)
  // Called with an error when the socket closes first.
  socket.write('\r\n', () => resolve())
  await promise
}

/** The bare bytes of a photo as a body. */
export async function sendBytes(
  service: Service,
  photo: Buffer,
  {
    method = 'POST',
    path = '/v1/photos',
    headers = {},
    owner = 'alice',
  }: { method?: 'POST' | 'PUT'; path?: string; headers?: Fields; owner?: string } = {},
): Promise<Response> {
  return await fetch(service.url + path, {
    method,
    body: new Uint8Array(photo),
    headers: { 'content-type': 'image/jpeg', ...(await authorization(service, owner)), ...headers },
  })
}

export async function reserveIds(
  service: Service,
  count: number,
  owner = 'alice',
): Promise<[PhotoId, ...PhotoId[]]> {
  const reply = await fetch(`${service.url}/v1/ids`, {
    method: 'POST',
    body: JSON.stringify({ count }),
    headers: { ...(await authorization(service, owner)), 'content-type': 'application/json' },
  })
  return ((await reply.json()) as { ids: [PhotoId, ...PhotoId[]] }).ids
}

/** What Content-Digest says of the bytes. */
export function digestOf(bytes: Buffer, algorithm: 'sha-256' | 'sha-512' = 'sha-256'): string {
  return `${algorithm}=:${createHash(algorithm.replace('-', '')).update(bytes).digest('base64')}:`
}
