import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { type DirectUpload, ID_HOURS } from '../../catalog/photos/reserved-ids.ts'
import { DirectUploadUnknownError, PhotoTooLargeError } from '../../errors.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import { refuseSpent } from '../../ingest/refuse-spent.ts'
import { incomingKey } from '../../photo/object-keys.ts'
import { addedAt, PHOTO_ID_PATTERN, type PhotoId } from '../../photo/photo-id.ts'
import type { ObjectStore, PresignedPut } from '../../storage/object-store.ts'
import type { DirectGrants } from '../direct-grants.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { directUpload } from '../schemas/photo-fields.ts'
import { noQuery } from '../schemas/types.ts'
import { idempotencyKey, idempotentReplayed } from '../schemas/upload.ts'
import { idempotencyKeyOf, KeyedRequests } from '../upload/idempotency.ts'
import { wishesOf } from '../upload/upload-wishes.ts'

/** For so long a URL is good: as long as a phone may take to get to it and through. */
const URL_S = 3_600

type Dependencies = {
  catalog: Pick<Catalog, 'reservedIds' | 'idempotencyKeys' | 'dailyUses'>
  store: Pick<ObjectStore, 'presignPut'>
  /** Who takes the bytes of a store without a door of its own. */
  grants: DirectGrants | null
  filters: FilterBook
  maxUploadBytes: number
  publicUrl: string
}

const directReply = Type.Object(
  {
    id: Type.String({ pattern: PHOTO_ID_PATTERN, description: 'That the photo will have.' }),
    method: Type.Literal('PUT'),
    url: Type.String({
      description: 'Where to PUT the bytes of the photo and nothing else, without a token.',
    }),
    headers: Type.Record(Type.String(), Type.String(), { description: 'To be sent with it, as they are.' }),
    expiresAt: Type.String({
      format: 'date-time',
      description:
        'When the URL stops working; the same request with the same Idempotency-Key gives another.',
    }),
  },
  { title: 'DirectUpload' },
)

/** POST /v1/direct-uploads: where an owner may put a photo into the store themself. */
export function directUploadsRoute({
  catalog,
  store,
  grants,
  filters,
  maxUploadBytes,
  publicUrl,
}: Dependencies): FastifyPluginAsyncTypebox {
  const keyed = new KeyedRequests(catalog.idempotencyKeys)
  const schema = {
    operationId: 'beginDirectUpload',
    summary: 'Upload a photo straight into the store',
    description: `Answers with a URL to PUT the photo to. Then \`POST /v1/direct-uploads/:id/complete\`, within ${ID_HOURS} hours: until then there is no photo. What is never completed is deleted.`,
    tags: ['photos'],
    security: [{ bearer: [] }],
    querystring: noQuery,
    headers: Type.Object(idempotencyKey),
    body: directUpload(filters.all.map(({ name }) => name)),
    response: {
      201: { ...directReply, headers: idempotentReplayed },
      ...problemReplies(
        'json',
        ...(['invalid_idempotency_key', 'idempotency_key_reused', 'direct_upload_unknown'] as const),
        ...(['photo_too_large', 'daily_limit_reached'] as const),
      ),
    },
  } as const

  return async (app) => {
    app.post('/v1/direct-uploads', { schema }, async (request, reply) => {
      const { owner, limits, body: asked } = request
      const { bytes, type, sha256 = null, ...fields } = asked
      if (bytes > maxUploadBytes) throw new PhotoTooLargeError(maxUploadBytes)
      await refuseSpent(catalog, { owner, limits, bytes })
      const direct: DirectUpload = { ...(await wishesOf(fields, filters)), bytes, sha256 }
      const key = idempotencyKeyOf(request)
      const [id] =
        key === null
          ? ((await catalog.reservedIds.reserve(owner, 1, direct)) as [PhotoId])
          : await keyed.reserve(request, reply, { key, asked, count: 1, direct })
      const expiresAt = expiryOf(id)
      const put = await putTo(id, { type, bytes, sha256, expiresAt })
      return reply.code(201).send({ id, method: 'PUT', ...put, expiresAt: expiresAt.toISOString() })
    })
  }

  async function putTo(
    id: PhotoId,
    {
      type,
      bytes,
      sha256,
      expiresAt,
    }: { type: string; bytes: number; sha256: string | null; expiresAt: Date },
  ): Promise<PresignedPut> {
    const seconds = Math.ceil((expiresAt.getTime() - Date.now()) / 1000)
    const presigned = await store.presignPut(incomingKey(id), { contentType: type, bytes, sha256, seconds })
    if (presigned) return presigned
    if (!grants) throw new Error('The store takes no bytes of others, and the server has no secret to.')
    const query = grants.queryOf({ id, type, bytes, expiresAt })
    return { url: `${publicUrl}/v1/direct-uploads/${id}/bytes?${query}`, headers: { 'content-type': type } }
  }
}

/** Not past the end of its id. Throws DirectUploadUnknownError when that is over, as of a key that is used the day after. */
function expiryOf(id: PhotoId): Date {
  const end = addedAt(id).getTime() + ID_HOURS * 3_600_000
  if (end <= Date.now()) throw new DirectUploadUnknownError()
  return new Date(Math.min(end, Date.now() + URL_S * 1000))
}
