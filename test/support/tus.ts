import type { PhotoId } from '../../src/photo/photo-id.ts'
import { authorization, type Fields, type Service } from './uploads.ts'

/** A request of tus, as it is sent. */
export async function askTus(
  service: Service,
  method: string,
  path: string,
  { headers = {}, body, owner = 'alice' }: { headers?: Fields; body?: Buffer; owner?: string } = {},
): Promise<Response> {
  return await fetch(service.url + path, {
    method,
    ...(body && { body: new Uint8Array(body) }),
    headers: {
      ...(await authorization(service, owner)),
      'tus-resumable': '1.0.0',
      ...(body && { 'content-type': 'application/offset+octet-stream' }),
      ...headers,
    },
  })
}

export function metadataOf(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',')
}

/** The path of a new upload. */
export async function beginUpload(
  service: Service,
  length: number,
  { fields = {}, owner = 'alice' }: { fields?: Fields; owner?: string } = {},
): Promise<string> {
  const headers = { 'upload-length': `${length}`, 'upload-metadata': metadataOf(fields) }
  const reply = await askTus(service, 'POST', '/v1/uploads', { headers, owner })
  if (reply.status !== 201) throw new Error(await reply.text())
  return reply.headers.get('location') as string
}

export async function patchUpload(
  service: Service,
  path: string,
  offset: number,
  body: Buffer,
  headers: Fields = {},
): Promise<Response> {
  return await askTus(service, 'PATCH', path, { headers: { 'upload-offset': `${offset}`, ...headers }, body })
}

/** Where the upload ends, as HEAD says. */
export async function offsetOf(service: Service, path: string): Promise<number> {
  return Number((await askTus(service, 'HEAD', path)).headers.get('upload-offset'))
}

/** The id of the photo that a reply names. */
export function photoOf(reply: Response): PhotoId | null {
  const path = reply.headers.get('photo-location')
  return (path?.split('/').at(-1) ?? null) as PhotoId | null
}
