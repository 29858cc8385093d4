import type { Api, Ask } from './api.ts'
import { contentDigest } from './digest.ts'
import type { PhotoSource, Signal } from './platform.ts'
import { Problem } from './problem.ts'
import type { Photo } from './types.ts'

/** What is told of a photo with its upload. */
export type UploadFields = {
  filter?: string | undefined
  /** 0 to 1, of the filter. */
  strength?: number | undefined
  visibility?: 'public' | 'private' | undefined
  /** What crops keep in sight: 0 to 1 from the top left. */
  focus?: { x: number; y: number } | undefined
  alt?: string | undefined
}

export type UploadOptions = UploadFields & {
  /** Of `reserveId`: whoever sends the same bytes under it again gets the same photo, however the first attempt ended. */
  id?: string
  onProgress?: (progress: { sent: number; total: number }) => void
  signal?: Signal | undefined
  /** For how long it is sent again while the connection breaks or the server says to wait. */
  retryMs?: number | undefined
}

/** An id for a photo that is still to be sent; good for a day. */
export async function reserveId(api: Api, options: Pick<Ask, 'signal' | 'retryMs'> = {}): Promise<string> {
  const { ids } = await api.json<{ ids: string[] }>('/v1/ids', {
    method: 'POST',
    body: { count: 1 },
    ...options,
  })
  return ids[0] as string
}

/**
 * Uploads a photo, and resolves with it as soon as the server has it: its renditions follow. It may be repeated, and is
 * while that may help. Throws Problem; `file_changed` when the file is no longer what was chosen.
 */
export async function uploadPhoto(
  api: Api,
  source: PhotoSource,
  options: UploadOptions = {},
): Promise<Photo> {
  const { id: given, onProgress, signal, retryMs, focus, ...fields } = options
  const id = given ?? (await reserveId(api, { signal, retryMs }))
  const bytes = await readWhole(source)
  const digest = await contentDigest(bytes)
  const total = bytes.length
  return await api.json<Photo>(`/v1/photos/${id}`, {
    method: 'PUT',
    query: { ...fields, ...(focus && { focus: `${focus.x},${focus.y}` }) },
    headers: digest ? { 'content-digest': digest } : {},
    body: bytes,
    signal,
    retryMs,
    ...(onProgress && { onSent: (sent: number) => onProgress({ sent: Math.min(sent, total), total }) }),
  })
}

/** Hashed and sent are the same bytes, whatever becomes of the file meanwhile. */
async function readWhole(source: PhotoSource): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source
    .slice(0, source.size)
    .arrayBuffer()
    .catch((cause: unknown) => {
      throw fileChanged(cause)
    })
  if (bytes.byteLength !== source.size) throw fileChanged(null)
  return new Uint8Array(bytes)
}

function fileChanged(cause: unknown): Problem {
  const message = 'The file is no longer what it was when it was chosen. Choose it again.'
  return new Problem({ status: 400, code: 'file_changed', message }, { cause })
}
