import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ObjectNotFoundError } from '../../errors.ts'
import { photoIdOfRendition } from '../../photo/object-keys.ts'
import { RENDITION_FORMAT_NAMES, RENDITION_FORMATS } from '../../photo/rendition-formats.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { isKnown, partOf } from './conditional-get.ts'
import type { FirstViews } from './first-views.ts'

export type RenditionEngines = {
  store: ObjectStore
  /** Of photos that were adopted. */
  firstViews: Pick<FirstViews, 'keep'>
}

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map(
  RENDITION_FORMAT_NAMES.map((name) => [
    RENDITION_FORMATS[name].extension,
    RENDITION_FORMATS[name].contentType,
  ]),
)

/** Replies to GET and HEAD of a key as CloudFront with S3 behind it; who may have it was seen to. */
export async function sendRendition(
  request: FastifyRequest,
  reply: FastifyReply,
  { store, firstViews }: RenditionEngines,
): Promise<FastifyReply> {
  const rendition = parseTarget(request.url)
  if (!rendition) return replyMissing(request, reply)
  try {
    return await replyRendition(request, reply, store, rendition)
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error
  }
  try {
    const key = await firstViews.keep(rendition.key)
    if (key) return await replyRendition(request, reply, store, { ...rendition, key })
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error
  }
  return replyMissing(request, reply)
}

type Rendition = { key: string; contentType: string }

/** Null unless it is a key that we could have written: no other ever reaches the store. */
function parseTarget(target: string): Rendition | null {
  const [path = ''] = target.split('?')
  const key = path.slice(1)
  const contentType = CONTENT_TYPES.get(extname(key).slice(1))
  return contentType && photoIdOfRendition(key) ? { key, contentType } : null
}

/** Throws ObjectNotFoundError before anything is set on the reply. */
async function replyRendition(
  { method, headers }: FastifyRequest,
  reply: FastifyReply,
  store: ObjectStore,
  { key, contentType }: Rendition,
): Promise<FastifyReply> {
  const object = await store.head(key)
  if (!object) throw new ObjectNotFoundError(key)
  const { size } = object
  const etag = etagOf(key)

  if (isKnown(headers, etag)) return reply.code(304).headers(cacheable(etag)).send()
  // RFC 9110, 14.2: a Range is for GET alone.
  const part = method === 'GET' ? partOf(headers, etag, size) : 'whole'
  if (part === 'unsatisfiable') return replyInvalidRange(reply, size)

  const range = part === 'whole' ? undefined : part
  const body = method === 'GET' ? await store.open(key, range) : undefined
  // A reply that breaks off is asked for again. One that turned into an error page would be cached for a year.
  body?.once('error', () => reply.raw.destroy())

  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${size}`)
  return reply
    .headers(cacheable(etag))
    .headers({ 'content-type': contentType, 'content-length': range ? range.end - range.start + 1 : size })
    .send(body)
}

/** A key always means the same bytes, so the key is all that an entity tag needs. */
function etagOf(key: string): string {
  return `"${createHash('sha256').update(key).digest('hex').slice(0, 32)}"`
}

function cacheable(etag: string) {
  return {
    'accept-ranges': 'bytes',
    // Lets web apps read the pixels; who may have them is in the URL.
    'access-control-allow-origin': '*',
    'cache-control': 'public, max-age=31536000, immutable',
    etag,
    'x-cache': 'Hit from cloudfront',
    'x-content-type-options': 'nosniff',
  }
}

/** S3 tells what is not there only to who may list the bucket, which CloudFront may not. It names its request. */
export function replyMissing({ id }: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.code(403).headers({ 'content-type': 'application/xml', server: 'AmazonS3' })
  return sendError(reply, 'AccessDenied', 'Access Denied', `<RequestId>${id}</RequestId>`)
}

function replyInvalidRange(reply: FastifyReply, size: number): FastifyReply {
  reply.code(416).headers({ 'content-type': 'application/xml', server: 'AmazonS3' })
  reply.header('content-range', `bytes */${size}`)
  return sendError(reply, 'InvalidRange', 'The requested range is not satisfiable')
}

export function sendError(reply: FastifyReply, code: string, message: string, more = ''): FastifyReply {
  return reply
    .header('x-cache', 'Error from cloudfront')
    .send(
      `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`,
    )
}
