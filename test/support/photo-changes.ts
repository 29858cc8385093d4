import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import { photoIdOfRendition } from '../../src/photo/object-keys.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { fixture } from './pictures.ts'
import type { TestService } from './service.ts'
import { authorization, type Fields, photoForm, postForm } from './uploads.ts'

export type Photo = PhotoReply & { id: PhotoId }

export async function upload(service: TestService, fields: Fields = {}, wait = 60): Promise<Photo> {
  const headers = wait > 0 ? { prefer: `wait=${wait}` } : {}
  return (await (
    await postForm(service, photoForm(await fixture('plain.jpg'), fields), headers)
  ).json()) as Photo
}

export async function ask(
  service: TestService,
  method: string,
  id: string,
  { body, owner = 'alice', wait = 0 }: { body?: unknown; owner?: string; wait?: number } = {},
) {
  const reply = await fetch(`${service.url}/v1/photos/${id}`, {
    method,
    headers: {
      ...(await authorization(service, owner)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(wait > 0 ? { prefer: `wait=${wait}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const told = reply.status === 204 ? {} : await reply.json()
  return { status: reply.status, body: told as Photo & { code?: string } }
}

export const change = async (
  service: TestService,
  id: string,
  body: unknown,
  options: { owner?: string; wait?: number } = {},
) => await ask(service, 'PATCH', id, { body, ...options })

/** The keys of all renditions in the store. */
export async function renditionsIn({ store }: TestService): Promise<string[]> {
  return (await Array.fromAsync(store.list(''))).filter((key) => photoIdOfRendition(key) !== null)
}

/** Of the objects: presets that come out alike share one. */
export const keysOf = ({ renditions }: PhotoReply) =>
  [...new Set(renditions.map(({ url }) => new URL(url).pathname.slice(1)))].sort()

export const statusesOf = async ({ renditions }: PhotoReply) =>
  new Set(await Promise.all(renditions.map(async ({ url }) => (await fetch(url)).status)))
