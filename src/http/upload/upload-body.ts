import type { FastifyReply, FastifyRequest } from 'fastify'
import { PhotoTooLargeError } from '../../errors.ts'
import { askForBody } from '../body.ts'
import { UploadAbortedError } from '../errors.ts'

/** The types of bodies that are a photo and nothing else. What it is really its first bytes tell. */
export const BARE_TYPES = /^(?:image\/|application\/octet-stream)/i

/**
 * The body as it comes, asked for when its first byte is wanted: until then a client that sent `Expect: 100-continue` may
 * be answered without it. Throws UploadAbortedError when the client goes away half-way.
 */
export async function* bareBody(request: FastifyRequest, reply: FastifyReply): AsyncGenerator<Buffer> {
  askForBody(request, reply)
  try {
    // A reader that stops half-way shall not close the connection, on which its reason is to be told.
    yield* request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  } catch (error) {
    throw new UploadAbortedError({ cause: error })
  }
}

/** So many bytes the body will be, as its client says; null when it does not. */
export function announcedOf({ headers }: FastifyRequest): number | null {
  return headers['content-length'] === undefined ? null : Number(headers['content-length'])
}

/** A hook: a length that is announced, and is too much, is refused before anything comes. */
export function refuseLarge(maxUploadBytes: number, besides = 0) {
  return async ({ raw }: FastifyRequest): Promise<void> => {
    const announced = Number(raw.headers['content-length'] ?? 0)
    if (announced > maxUploadBytes + besides) throw new PhotoTooLargeError(maxUploadBytes)
  }
}
