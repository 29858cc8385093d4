import { expect } from 'vitest'
import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { fixture } from './pictures.ts'
import { authorization, type Fields, photoForm, postForm, type Service } from './uploads.ts'

/** One photo taken in. */
export async function upload(
  service: Service,
  fields: Fields = {},
  owner = 'alice',
  headers: Fields = {},
): Promise<PhotoReply> {
  const reply = await postForm(service, photoForm(await fixture('plain.jpg'), fields), headers, owner)
  expect(reply.status).toBe(201)
  return (await reply.json()) as PhotoReply
}

/** One photo, with all that is made before it is ready. */
export async function uploadReady(
  service: Service,
  fields: Fields = {},
  owner = 'alice',
): Promise<PhotoReply & { id: PhotoId }> {
  const photo = await upload(service, fields, owner, { prefer: 'wait=60' })
  expect(photo.status).toBe('ready')
  return photo as PhotoReply & { id: PhotoId }
}

export async function get(service: Service, path: string, owner = 'alice'): Promise<Response> {
  return await fetch(`${service.url}${path}`, { headers: await authorization(service, owner) })
}

export async function remove(service: Service, id: string, owner = 'alice'): Promise<Response> {
  return await fetch(`${service.url}/v1/photos/${id}`, {
    method: 'DELETE',
    headers: await authorization(service, owner),
  })
}
