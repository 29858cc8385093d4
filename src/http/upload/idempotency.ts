import { hash, randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IdempotencyKeys, KeyState } from '../../catalog/photos/idempotency-keys.ts'
import type { DirectUpload } from '../../catalog/photos/reserved-ids.ts'
import { IdTakenError, IdUnknownError, PhotoDeletedError } from '../../errors.ts'
import type { Ingest, Ingested, Upload } from '../../ingest/ingest.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { IdempotencyKeyReusedError, InvalidIdempotencyKeyError, RequestInFlightError } from '../errors.ts'

/** A string of structured fields (RFC 9651), as the draft wants it, or as most clients send it. */
const KEY = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e][\x20-\x7e]{0,254}))$/

/** How often who has a key says that it goes on, while bytes come. */
const RENEW_MS = 5_000

/**
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): of an owner's requests that have the same one, the first makes
 * something, and the others are told of it. What is remembered are the ids that were made for the key: a photo that was
 * taken in is found by its own, so it does not matter when a server died.
 */
export class KeyedRequests {
  readonly #keys: IdempotencyKeys

  constructor(keys: IdempotencyKeys) {
    this.#keys = keys
  }

  /** So many ids, reserved for the owner; those of before when the request is a repeat. */
  async reserve(
    request: FastifyRequest,
    reply: FastifyReply,
    { key, asked, count, direct }: { key: string; asked: unknown; count: number; direct?: DirectUpload },
  ): Promise<[PhotoId, ...PhotoId[]]> {
    const { owner } = request
    const fingerprint = fingerprintOf(request, asked)
    const found = await this.#keys.reserve({
      ...{ owner, key, fingerprint, count, holder: randomUUID() },
      ...(direct && { direct }),
    })
    const ids = idsOf(found)
    if (found.state === 'known') tellReplayed(reply)
    return ids
  }

  /** Takes in the photo for which the key stands; again it is the same. */
  async ingest(
    request: FastifyRequest,
    reply: FastifyReply,
    {
      key,
      asked,
      upload,
      ingest,
    }: { key: string; asked: unknown; upload: Omit<Upload, 'id'>; ingest: Ingest },
  ): Promise<Ingested> {
    const { owner } = request
    const holder = randomUUID()
    const found = await this.#keys.hold({ owner, key, fingerprint: fingerprintOf(request, asked), holder })
    const [id] = idsOf(found)
    try {
      const body = renewing(upload.body, () => this.#keys.renew(id, holder))
      const ingested = await ingest({ ...upload, body, id })
      if (!ingested.isNew) tellReplayed(reply)
      return ingested
    } catch (error) {
      await this.#keys.release(id, holder).catch(() => {})
      if (error instanceof IdTakenError) throw new IdempotencyKeyReusedError()
      // The row of a photo that was deleted is gone, too.
      if (error instanceof IdUnknownError) throw new PhotoDeletedError()
      throw error
    }
  }
}

/** The key of a request, null without one. Throws InvalidIdempotencyKeyError. */
export function idempotencyKeyOf({ headers }: FastifyRequest): string | null {
  const header = headers['idempotency-key']
  if (header === undefined) return null
  const [, quoted, bare] = KEY.exec(String(header)) ?? []
  const key = quoted ?? bare
  if (key === undefined) throw new InvalidIdempotencyKeyError()
  return key
}

/** Throws RequestInFlightError and IdempotencyKeyReusedError. */
function idsOf(found: KeyState): [PhotoId, ...PhotoId[]] {
  switch (found.state) {
    case 'held':
      throw new RequestInFlightError(Math.max(1, found.seconds))
    case 'other':
      throw new IdempotencyKeyReusedError()
    default:
      return found.ids
  }
}

/** That an earlier request made what is told. */
export function tellReplayed(reply: FastifyReply): void {
  reply.header('idempotent-replayed', 'true')
}

/** A key is for one route, and for what is asked of it. */
export function fingerprintOf({ method, routeOptions }: FastifyRequest, asked: unknown): string {
  return hash('sha256', JSON.stringify([method, routeOptions.url, asked]))
}

/** The bytes, while who waits for others to end is told that they come. */
async function* renewing(body: AsyncIterable<Buffer>, renew: () => Promise<void>): AsyncGenerator<Buffer> {
  let renewedAt = performance.now()
  for await (const chunk of body) {
    if (performance.now() - renewedAt > RENEW_MS) {
      renewedAt = performance.now()
      // Without it another may begin the same, which does no harm: under one id there is one photo.
      renew().catch(() => {})
    }
    yield chunk
  }
}
