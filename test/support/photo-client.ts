import { expect } from 'vitest'
import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import { fixture } from './pictures.ts'
import type { TestService } from './service.ts'
import { authorization, type Fields, photoForm, postForm } from './uploads.ts'

/** One photo taken in. */
export async function upload(
  service: TestService,
  fields: Fields = {},
  owner = 'alice',
  headers: Fields = {},
): Promise<PhotoReply> {
  const reply = await postForm(service, photoForm(await fixture('plain.jpg'), fields), headers, owner)
  expect(reply.status).toBe(201)
  return (await reply.json()) as PhotoReply
}

/** One photo, as it is when all its renditions are made. */
export const uploadReady = async (service: TestService, fields: Fields = {}, owner = 'alice') =>
  await upload(service, fields, owner, { prefer: 'wait=60' })

export async function get(service: TestService, path: string, owner = 'alice'): Promise<Response> {
  return await fetch(`${service.url}${path}`, { headers: await authorization(service, owner) })
}

export async function remove(service: TestService, id: string, owner = 'alice'): Promise<Response> {
  return await fetch(`${service.url}/v1/photos/${id}`, {
    method: 'DELETE',
    headers: await authorization(service, owner),
  })
}
