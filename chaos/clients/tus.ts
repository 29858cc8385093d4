import { type HttpResponse, Upload } from 'tus-js-client'
import { DarkroomClient } from '../../clients/typescript/src/client.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { codeIn, FOCUS, type Network, type Photo, passing, type Try } from './ways.ts'

/** Small, so that a photo is several requests, which different servers may get. */
const CHUNK_BYTES = 40_000
/** The client's own, and then the app is started anew. */
const RETRIES_MS = [100, 300, 1_000]
/** It waits for an answer for ever. */
const GIVE_UP_MS = 30_000

/** By tus-js-client as it is, under an id that the app keeps, so that a creation whose answer was lost may be repeated. */
export function tus({ bytes, token }: Photo) {
  let reserving: Promise<string> | null = null
  let uploadUrl: string | null = null

  return async ({ url, send }: Network): Promise<Try> => {
    const client = new DarkroomClient({ url, token: () => token, send })
    reserving ??= client.reserveId().catch((error) => {
      reserving = null
      throw error
    })
    const reserved = await reserving.catch((error) => ({ again: passing(error.status, error.code) }))
    if (typeof reserved !== 'string') return reserved

    const { promise, resolve, reject } = Promise.withResolvers<Try>()
    const upload = new Upload(Buffer.from(bytes), {
      endpoint: `${url}/v1/uploads`,
      uploadUrl,
      headers: { authorization: `Bearer ${token}` },
      metadata: { id: reserved, focus: FOCUS },
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRIES_MS,
      storeFingerprintForResuming: false,
      onUploadUrlAvailable: () => {
        uploadUrl = upload.url
      },
      onSuccess: ({ lastResponse }) => resolve(photoOf(lastResponse)),
      onError: (error) => {
        const response = 'originalResponse' in error ? error.originalResponse : null
        try {
          resolve({ again: response ? refusalOf(response) : 'unreachable' })
        } catch (unexpected) {
          reject(unexpected)
        }
      },
    })
    const timer = setTimeout(() => {
      void upload.abort()
      resolve({ again: 'no answer' })
    }, GIVE_UP_MS)
    upload.start()
    return await promise.finally(() => clearTimeout(timer))
  }
}

function photoOf(response: HttpResponse): Try {
  const id = response.getHeader('photo-location')?.split('/').at(-1)
  return id === undefined ? { again: 'no photo is named' } : { id: id as PhotoId }
}

/** What HEAD is answered with has no words. */
function refusalOf(response: HttpResponse): string {
  const status = response.getStatus()
  const body = response.getBody()
  if (body === '' && [408, 409, 429, 503].includes(status)) return String(status)
  return passing(status, codeIn(body))
}
