import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Catalog } from '../../catalog/catalog.ts'
import { expiryOf, type OpenUpload } from '../../catalog/photos/uploads.ts'
import {
  EmptyFileError,
  IdTakenError,
  IdUnknownError,
  PhotoTooLargeError,
  UploadNotFoundError,
  UploadOffsetError,
} from '../../errors.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import { refuseSpent } from '../../ingest/refuse-spent.ts'
import { Resumable, type ResumableEngines, type Wishes } from '../../ingest/resumable.ts'
import type { Photo } from '../../photo/photo.ts'
import { type PhotoId, parsePhotoId } from '../../photo/photo-id.ts'
import { hasBody } from '../body.ts'
import { textCheckOf } from '../check-input.ts'
import { InvalidFieldError } from '../errors.ts'
import { photoParams } from '../schemas/photo.ts'
import { uploadFields } from '../schemas/photo-fields.ts'
import { noQuery } from '../schemas/types.ts'
import { traceOf } from '../trace.ts'
import { parseChecksum } from '../tus/checksum.ts'
import { parseMetadata } from '../tus/metadata.ts'
import { PIECE_TYPE, speakTus, UPLOADS_PATH } from '../tus/protocol.ts'
import { bareBody } from '../upload/upload-body.ts'
import { wishesOf } from '../upload/upload-wishes.ts'

type Dependencies = ResumableEngines & { catalog: Catalog; filters: FilterBook; basePath: string }

const byteCount = (what: string) =>
  Type.String({ pattern: '^(?:0|[1-9][0-9]{0,14})$', description: `${what}, a whole number of bytes` })

const creationHeaders = Type.Object({
  'upload-length': Type.Optional(byteCount('how long the photo is')),
  'upload-defer-length': Type.Optional(
    Type.Literal('1', { description: '1: how long the photo is will be told later' }),
  ),
  'upload-metadata': Type.Optional(Type.String()),
  'upload-checksum': Type.Optional(Type.String()),
})

const pieceHeaders = Type.Object({
  'upload-offset': byteCount('where the body begins'),
  'upload-length': Type.Optional(byteCount('how long the photo is')),
  'upload-checksum': Type.Optional(Type.String()),
})

/**
 * tus 1.0.0 (https://tus.io/protocols/resumable-upload): a photo in as many pieces and over as many connections as it takes. An
 * upload's id is the photo's: with its last byte it is taken in as by `PUT /v1/photos/:id`, and every reply from then on names it.
 */
export function uploadRoutes({ filters, basePath, ...engines }: Dependencies): FastifyPluginAsyncTypebox {
  const { catalog, maxUploadBytes } = engines
  const resumable = new Resumable(engines)
  const fields = uploadFields(filters.all.map(({ name }) => name))
  const checkFields = textCheckOf(fields)

  /** What Upload-Metadata says of the photo; what else it says, such as `filename`, is the client's own. Throws InvalidFieldError. */
  async function toldOf(
    metadata: string,
  ): Promise<Omit<Wishes, 'trace' | 'limits'> & { id: PhotoId | null }> {
    const told = parseMetadata(metadata)
    const known = Object.keys(fields.properties).filter((name) => told.has(name))
    const wishes = await wishesOf(
      checkFields(Object.fromEntries(known.map((name) => [name, told.get(name)]))),
      filters,
    )
    const id = told.get('id')
    return { ...wishes, id: id === undefined ? null : parsePhotoId(id) }
  }

  /** A new upload; under an id of the owner's that of before, if there is one, or what has become of it. */
  async function begin(request: FastifyRequest): Promise<OpenUpload | Photo> {
    const { owner, limits, headers } = request
    // A part of a photo would be taken for a photo.
    if (headers['upload-concat'] !== undefined)
      throw new InvalidFieldError(
        'Upload-Concat is not known here: send the photo one piece after the other.',
      )
    const length = lengthOf(headers)
    if (length === 0) throw new EmptyFileError()
    if (length !== null && length > maxUploadBytes) throw new PhotoTooLargeError(maxUploadBytes)
    const metadata = String(headers['upload-metadata'] ?? '')
    const { id } = await toldOf(metadata)
    if (id !== null) await resumable.takeOver(id, owner)
    const before = id === null ? null : await stateOf(request, id).catch(nullIfNone)
    if (before !== null) {
      if (length !== (isPhoto(before) ? before.original.bytes : before.length)) throw new IdTakenError()
      return before
    }

    await refuseSpent(catalog, { owner, limits, bytes: length ?? 1 })
    if (id === null) return await catalog.uploads.create({ owner, length, metadata })
    const upload = await catalog.uploads.createUnder({ id, owner, length, metadata })
    if (upload !== null) return upload
    // Another may have finished it in between.
    const after = await stateOf(request, id).catch(nullIfNone)
    if (after === null) throw new IdUnknownError()
    return after
  }

  /** The upload as it is; the photo, once all bytes are there, which is then taken in if it is not yet. */
  async function stateOf(request: FastifyRequest, id: PhotoId): Promise<OpenUpload | Photo> {
    const { owner } = request
    const upload = await catalog.uploads.find(id, owner)
    if (upload === null) return await resumable.finished(id, owner)
    if (upload.received === upload.length) return await finish(request, upload)
    if (expiryOf(upload) < new Date()) throw new UploadNotFoundError()
    return upload
  }

  async function finish(request: FastifyRequest, upload: OpenUpload): Promise<Photo> {
    const { id: _, ...wishes } = await toldOf(upload.metadata)
    const ingested = await resumable.finish(upload, {
      ...wishes,
      trace: traceOf(request),
      limits: request.limits,
    })
    request.ingested = ingested
    return ingested.photo
  }

  /** Keeps the body, and takes the photo in when that was the rest of it. */
  async function append(
    request: FastifyRequest,
    reply: FastifyReply,
    upload: OpenUpload,
  ): Promise<OpenUpload | Photo> {
    const checksum = parseChecksum(request.headers['upload-checksum'] as string | undefined)
    const left = (upload.length ?? maxUploadBytes) - upload.received
    if (Number(request.headers['content-length'] ?? 0) > left)
      throw new PhotoTooLargeError(upload.length ?? maxUploadBytes)
    const now = hasBody(request.raw)
      ? await resumable.append(upload, bareBody(request, reply), checksum)
      : upload
    return now.received === now.length ? await finish(request, now) : now
  }

  function tell(reply: FastifyReply, state: OpenUpload | Photo): FastifyReply {
    if (isPhoto(state)) {
      reply.headers({ 'upload-offset': state.original.bytes ?? 0, 'photo-location': photoPath(state) })
      return reply
    }
    return reply.headers({ 'upload-offset': state.received, 'upload-expires': expiryOf(state).toUTCString() })
  }

  const photoPath = ({ id }: Photo) => `${basePath}/v1/photos/${id}`

  return async (app) => {
    speakTus(app)
    app.addContentTypeParser(PIECE_TYPE, async () => null)
    const options = {
      bodyLimit: maxUploadBytes,
      config: { asksForBody: true },
    } as const

    app.post(
      UPLOADS_PATH,
      { ...options, schema: { hide: true, headers: creationHeaders, querystring: noQuery } },
      async (request, reply) => {
        const state = await begin(request)
        reply.code(201).header('location', `${basePath}${UPLOADS_PATH}/${state.id}`)
        const isAtStart = !isPhoto(state) && state.received === 0
        return await tell(reply, isAtStart ? await append(request, reply, state) : state).send()
      },
    )

    app.head(
      `${UPLOADS_PATH}/:id`,
      { schema: { hide: true, params: photoParams, querystring: noQuery } },
      async (request, reply) => {
        const id = parsePhotoId(request.params.id)
        await resumable.takeOver(id, request.owner)
        const state = await stateOf(request, id)
        reply.header('cache-control', 'no-store')
        if (isPhoto(state)) reply.header('upload-length', state.original.bytes ?? 0)
        else {
          if (state.length === null) reply.header('upload-defer-length', '1')
          else reply.header('upload-length', state.length)
          if (state.metadata !== '') reply.header('upload-metadata', state.metadata)
        }
        return await tell(reply, state).send()
      },
    )

    app.patch(
      `${UPLOADS_PATH}/:id`,
      {
        ...options,
        schema: { hide: true, params: photoParams, headers: pieceHeaders, querystring: noQuery },
      },
      async (request, reply) => {
        const offset = Number(request.headers['upload-offset'])
        const id = parsePhotoId(request.params.id)
        await resumable.takeOver(id, request.owner)
        let state = await stateOf(request, id)
        if (isPhoto(state)) {
          tell(reply, state)
          if (offset !== state.original.bytes || hasBody(request.raw)) throw new UploadOffsetError()
          return await reply.code(204).send()
        }
        if (offset !== state.received) throw new UploadOffsetError()
        state = await withLength(state, request.headers['upload-length'])
        return await tell(reply, await append(request, reply, state))
          .code(204)
          .send()
      },
    )

    app.delete(
      `${UPLOADS_PATH}/:id`,
      { schema: { hide: true, params: photoParams, querystring: noQuery } },
      async (request, reply) => {
        await resumable.discard(parsePhotoId(request.params.id), request.owner)
        return await reply.code(204).send()
      },
    )
  }

  /** Told with a later piece, when it was not at the beginning. */
  async function withLength(upload: OpenUpload, header: string | undefined): Promise<OpenUpload> {
    if (header === undefined) return upload
    const length = Number(header)
    if (length > maxUploadBytes) throw new PhotoTooLargeError(maxUploadBytes)
    if (!(await catalog.uploads.declareLength(upload.id, length)))
      throw new InvalidFieldError(
        '"upload-length" is not valid: another was told before, or more has come already.',
      )
    return { ...upload, length }
  }
}

/** Null when it is to be told later. Throws InvalidFieldError. */
function lengthOf(headers: FastifyRequest['headers']): number | null {
  const [length, deferred] = [headers['upload-length'], headers['upload-defer-length']]
  if ((length === undefined) === (deferred === undefined))
    throw new InvalidFieldError('One of "upload-length" and "upload-defer-length" must be there.')
  return length === undefined ? null : Number(length)
}

function nullIfNone(error: unknown): null {
  if (error instanceof UploadNotFoundError) return null
  throw error
}

function isPhoto(state: OpenUpload | Photo): state is Photo {
  return 'original' in state
}
