import { DarkroomClient } from '../../clients/typescript/src/client.ts'
import type { Reply, Send } from '../../clients/typescript/src/platform.ts'
import { Problem } from '../../clients/typescript/src/problem.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { MIDDLE } from '../owner.ts'

/** A photo to be uploaded, by one way of all there are. */
export type Photo = { bytes: Buffer<ArrayBuffer>; key: string; token: string }

export type Network = {
  /** Of the API. */
  url: string
  send: Send
  /** To where the API leads, be it a bucket. */
  sendTo: Send
}

/** What one attempt came to: the photo, or whatever is no fault of the app's, after which it tries again. */
export type Try = { id: PhotoId } | { again: string }

/**
 * One attempt, to be repeated until there is a photo. What an app has to remember between two of them is remembered here. Throws
 * what must not be said.
 */
export type Attempting = (network: Network) => Promise<Try>

export const FOCUS = `${MIDDLE.x},${MIDDLE.y}`
/** The client goes on by itself for so long; then the app is started anew. */
const RETRY_MS = 5_000

/** By the client of ours, under an id that the app keeps. */
export function put({ bytes, token }: Photo): Attempting {
  let reserving: Promise<string> | null = null
  return async ({ url, send }) => {
    const client = new DarkroomClient({ url, token: () => token, send, retryMs: RETRY_MS })
    try {
      reserving ??= client.reserveId().catch((error) => {
        reserving = null
        throw error
      })
      const id = await reserving
      const photo = await client.upload(new Blob([bytes]), { id, focus: MIDDLE })
      return { id: photo.id as PhotoId }
    } catch (error) {
      if (error instanceof Problem) return { again: passing(error.status, error.code) }
      throw error
    }
  }
}

export function post({ bytes, key, token }: Photo): Attempting {
  return async ({ url, send }) =>
    await heard(async () => {
      const headers = { ...bearer(token), 'content-type': 'image/jpeg', 'idempotency-key': key }
      return photoOf(
        await send({ method: 'POST', url: `${url}/v1/photos?focus=${FOCUS}`, headers, body: bytes }),
      )
    })
}

/** It keeps the URL, and asks for another when that is not good any more. */
export function direct({ bytes, key, token }: Photo): Attempting {
  let begun: { id: string; method: string; url: string; headers: Record<string, string> } | null = null
  return async ({ url, send, sendTo }) =>
    await heard(async () => {
      const path = `${url}/v1/direct-uploads`
      if (begun === null) {
        const headers = { ...bearer(token), 'content-type': 'application/json', 'idempotency-key': key }
        const body = JSON.stringify({ bytes: bytes.length, type: 'image/jpeg', focus: FOCUS })
        const reply = await send({ method: 'POST', url: path, headers, body })
        if (reply.status !== 201) return { again: passing(reply.status, codeOf(reply)) }
        begun = JSON.parse(reply.text) as NonNullable<typeof begun>
      }
      // Whatever came of it: the server says what it has.
      await sendTo({ ...begun, body: bytes }).catch(() => {})
      const reply = await send({
        method: 'POST',
        url: `${path}/${begun.id}/complete`,
        headers: bearer(token),
      })
      return codeOf(reply) === 'bytes_missing' ? { again: 'bytes_missing' } : photoOf(reply)
    })
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** A connection that was lost tells nothing. */
async function heard(attempt: () => Promise<Try>): Promise<Try> {
  return await attempt().catch((error) => {
    if (error instanceof UnexpectedReplyError) throw error
    return { again: String(error.code ?? error.name) }
  })
}

function photoOf(reply: Reply): Try {
  if (reply.status !== 200 && reply.status !== 201) return { again: passing(reply.status, codeOf(reply)) }
  return { id: (JSON.parse(reply.text) as { id: PhotoId }).id }
}

const codeOf = ({ text }: Reply) => codeIn(text)

/** Of a problem; empty when it is none. */
export function codeIn(text: string): string {
  try {
    return (JSON.parse(text) as { code?: string }).code ?? ''
  } catch {
    return ''
  }
}

export class UnexpectedReplyError extends Error {}

/** What the server may say of an upload that is as it should be, on a bad network. */
const PASSING = new Set([
  // Of one owner, whose broken ones the server may not have heard of yet.
  'too_many_uploads',
  // Another request has gone on with it meanwhile: ask how far it is.
  'upload_offset',
  'unreachable',
  'upload_aborted',
  'request_timeout',
  'request_in_flight',
  'unavailable',
])

/** The code of such an answer. Throws UnexpectedReplyError for any other. */
export function passing(status: number, code: string): string {
  if (PASSING.has(code)) return code
  throw new UnexpectedReplyError(`it was answered with ${status} ${code}`)
}
