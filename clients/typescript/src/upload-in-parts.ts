import type { Api } from './api.ts'
import { sleep, waitMs } from './backoff.ts'
import { base64, sha256 } from './digest.ts'
import { digestsOf, PART_BYTES, readPart } from './parts.ts'
import type { PhotoSource, Reply, Signal } from './platform.ts'
import { Problem } from './problem.ts'
import type { Photo } from './types.ts'

const TUS = { 'tus-resumable': '1.0.0' }

export type SendOptions = {
  onProgress?: ((progress: { sent: number; total: number }) => void) | undefined
  /** Of a photo in parts: their SHA-256, as `onParts` was told when they were read first. */
  parts?: readonly string[] | undefined
  onParts?: ((parts: readonly string[]) => unknown) | undefined
  signal?: Signal | undefined
  /** For how long it is sent again while the connection breaks or the server says to wait. */
  retryMs?: number | undefined
  /** Hears why it is sent again, and in how many milliseconds. */
  onWait?: ((problem: Problem, ms: number) => void) | undefined
}

/** What was read is not what was read before: the bytes that are there already are of another file. */
export class BytesChanged extends Error {}

const { TextEncoder } = globalThis as unknown as {
  TextEncoder: new () => { encode(text: string): Uint8Array }
}

/**
 * Uploads a large photo by tus 1.0.0, under an id that was reserved for it: what the server has is not sent again, also not after
 * a reload or by another client. As `uploadPhoto`; throws BytesChanged when a part has another SHA-256 than it had at first.
 */
export async function uploadInParts(
  api: Api,
  source: PhotoSource,
  fields: Record<string, unknown>,
  { id, parts, onParts, onProgress, onWait, signal, retryMs = 60_000 }: SendOptions & { id: string },
): Promise<Photo> {
  const { size } = source
  const digests = parts ?? (await digestsOf(source))
  if (!parts) await onParts?.(digests)
  /** Begins, or asks how far it is: both is the same under an id. */
  const begin = () =>
    api.ask('/v1/uploads', {
      method: 'POST',
      headers: { ...TUS, 'upload-length': `${size}`, 'upload-metadata': metadataOf({ ...fields, id }) },
      signal,
      retryMs,
      onWait,
    })

  let reply = await begin()
  let attempt = 0
  let movedAt = Date.now()
  for (let offset = offsetOf(reply); reply.header('photo-location') === null; ) {
    const start = offset - (offset % PART_BYTES)
    const bytes = await readPart(source, start)
    const digest = digests[start / PART_BYTES]
    if (digest !== undefined && (await sha256(bytes)) !== digest) throw new BytesChanged()
    try {
      reply = await api.ask(`/v1/uploads/${id}`, {
        method: 'PATCH',
        headers: {
          ...TUS,
          'content-type': 'application/offset+octet-stream',
          'upload-offset': `${offset}`,
        },
        body: bytes.subarray(offset - start),
        signal,
        // What came of it is there: it must not be sent again as it is.
        retryMs: 0,
        ...(onProgress && {
          onSent: (sent) => onProgress({ sent: Math.min(offset + sent, size), total: size }),
        }),
      })
    } catch (error) {
      if (!(error instanceof Problem && (error.isPassing || error.code === 'upload_offset'))) throw error
      const wait = waitMs(attempt++, error.retryAfterMs)
      if (Date.now() + wait > movedAt + retryMs) throw error
      onWait?.(error, wait)
      await sleep(wait, signal)
      reply = await begin()
    }
    if (offsetOf(reply) > offset) {
      movedAt = Date.now()
      attempt = 0
    }
    offset = offsetOf(reply)
  }
  return await api.json<Photo>(`/v1/photos/${id}`, { signal, retryMs, onWait })
}

/** What is left of an upload that is given up is deleted, if the server can be asked. */
export async function endUpload(api: Api, id: string): Promise<void> {
  await api.ask(`/v1/uploads/${id}`, { method: 'DELETE', headers: TUS, retryMs: 0 }).catch(() => {})
}

function offsetOf(reply: Reply): number {
  return Number(reply.header('upload-offset'))
}

function metadataOf(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .flatMap(([name, value]) =>
      value === undefined ? [] : [`${name} ${base64(new TextEncoder().encode(String(value)))}`],
    )
    .join(',')
}
