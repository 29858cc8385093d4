import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { listRenditions } from '../../src/places/all-renditions.ts'
import type { TestService } from './service.ts'
import { authorization } from './uploads.ts'

export const LIFE_S = 25 * 3600
export const afterItsLife = () => new Date(Date.now() + (LIFE_S + 700) * 1000)

export type Wish = { filter: string; strength?: number } | null

export async function change(
  service: TestService,
  id: string,
  wish: Wish,
  { wait = 0, owner = 'alice' } = {},
) {
  const reply = await fetch(`${service.url}/v1/photos/${id}/filter`, {
    method: wish ? 'PUT' : 'DELETE',
    headers: {
      ...(await authorization(service, owner)),
      ...(wish && { 'content-type': 'application/json' }),
      ...(wait > 0 && { prefer: `wait=${wait}` }),
    },
    ...(wish && { body: JSON.stringify(wish) }),
  })
  return { status: reply.status, body: (await reply.json()) as PhotoReply & { code?: string } }
}

export async function find(service: TestService, id: string): Promise<PhotoReply> {
  const headers = await authorization(service)
  return (await (await fetch(`${service.url}/v1/photos/${id}`, { headers })).json()) as PhotoReply
}

export const digestsOf = ({ renditions }: PhotoReply) =>
  renditions.map(({ url }) => /-([0-9a-f]{8})\./.exec(url)?.[1]).sort()

/** How many objects the renditions are: presets that come out alike share one. */
export const objectCount = ({ renditions }: PhotoReply) =>
  new Set(renditions.map(({ url }) => new URL(url).pathname)).size

export const objectsOf = async (service: TestService, id: string) =>
  await listRenditions(service.store, id as PhotoId)
