import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import type { Photo } from '../../photo/photo.ts'
import type { Recipes } from '../../photo/promised.ts'
import { preferenceApplied, preferredWait } from '../prefer-wait.ts'
import { replyOf, type Told } from '../replies/photo-reply.ts'
import type { SettleWatch } from '../replies/settle-watch.ts'
import { photoReply } from '../schemas/photo.ts'
import type { RenditionWishes } from '../schemas/rendition-wishes.ts'

export type UploadReplyDependencies = {
  catalog: Catalog
  settleWatch: SettleWatch
  cdn: Cdn
  recipes: Recipes
  basePath: string
}

/** For OpenAPI: a photo that was taken in. */
export const takenInReply = {
  ...photoReply,
  headers: { location: { type: 'string', description: 'Path of the photo.' }, ...preferenceApplied },
} as const

/** Tells of a photo that was taken in: at once, or with `Prefer: wait=N` when it is settled. */
export function createUploadReply({ catalog, settleWatch, cdn, recipes, basePath }: UploadReplyDependencies) {
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    { photo, wishes }: { photo: Photo; wishes: RenditionWishes },
  ): Promise<Told> => {
    reply.header('location', `${basePath}/v1/photos/${photo.id}`)
    const seconds = preferredWait(request.headers.prefer)
    const audience = { viewer: request.owner, wishes, cdn, recipes }
    if (seconds === 0) return replyOf(photo, audience)

    await settleWatch.settled(photo.id, seconds * 1000)
    reply.header('preference-applied', `wait=${seconds}`)
    // The photo is taken in, whether or not it can be read back at this moment.
    const present = await catalog.photos.findFor(request.owner, photo.id).catch(() => null)
    return present
      ? replyOf(present.photo, { ...audience, timing: present.timing })
      : replyOf(photo, audience)
  }
}
