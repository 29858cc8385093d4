import type { Api, Ask } from './api.ts'
import { sha256 } from './digest.ts'
import { readBytes } from './parts.ts'
import { isSendable, type PhotoSource } from './platform.ts'
import { Problem } from './problem.ts'
import type { Photo } from './types.ts'
import { BytesChanged, endUpload, type SendOptions, uploadInParts } from './upload-in-parts.ts'

/** Larger photos are sent in parts: what has come of them is not sent again when the connection breaks. */
export const LARGE_BYTES = 8 * 1024 * 1024

/** A file that is written while it is read may change again. */
const MOST_ANEW = 3

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

export type UploadOptions = UploadFields &
  SendOptions & {
    /** Of `reserveId`: whoever sends the same bytes under it again gets the same photo, however the first attempt ended. */
    id?: string
    /** Whether nobody changes the source any more, as a copy in IndexedDB: then its bytes need not be in memory before they are sent. */
    isCopy?: boolean
    /** Told when the file has changed since its first parts were read; then all of it is sent anew, as another photo. */
    onFileChanged?: (() => void) | undefined
  }

/** Ids for so many photos that are still to be sent, up to 100; good for a day. */
export async function reserveIds(
  api: Api,
  count: number,
  options: Pick<Ask, 'signal' | 'retryMs' | 'onWait'> = {},
): Promise<string[]> {
  const { ids } = await api.json<{ ids: string[] }>('/v1/ids', {
    method: 'POST',
    body: { count },
    ...options,
  })
  return ids
}

/** As `reserveIds`, of one. */
export async function reserveId(
  api: Api,
  options: Pick<Ask, 'signal' | 'retryMs' | 'onWait'> = {},
): Promise<string> {
  const [id] = await reserveIds(api, 1, options)
  return id as string
}

/**
 * Uploads a photo, and resolves with it as soon as the server has it: its renditions follow. It may be repeated, and is
 * while that may help; a large one goes on where it was. Throws Problem: `file_changed` when the file can't be read any more as it
 * was chosen, `bytes_changed` when it goes on changing, or has changed and the id was given.
 */
export async function uploadPhoto(
  api: Api,
  source: PhotoSource,
  options: UploadOptions = {},
): Promise<Photo> {
  const { signal, retryMs, onWait } = options
  for (let times = 1; ; times++) {
    const id = options.id ?? (await reserveId(api, { signal, retryMs, onWait }))
    try {
      return await uploadUnder(api, source, { ...options, id })
    } catch (error) {
      if (!(error instanceof BytesChanged)) throw error
      await endUpload(api, id)
      if (options.id !== undefined || times === MOST_ANEW) throw bytesChanged(error)
      options.onFileChanged?.()
    }
  }
}

async function uploadUnder(
  api: Api,
  source: PhotoSource,
  options: UploadOptions & { id: string },
): Promise<Photo> {
  const { id, isCopy, onProgress, onWait, signal, retryMs, filter, strength, visibility, focus, alt } =
    options
  const fields = { filter, strength, visibility, focus: focus && `${focus.x},${focus.y}`, alt }
  if (source.size > LARGE_BYTES) return await uploadInParts(api, source, fields, options)

  const total = source.size
  // Hashed and sent are the same bytes, whatever becomes of the file meanwhile.
  const body = isCopy && isSendable(source) ? source : await readBytes(source, 0, total)
  const digest = body instanceof Uint8Array ? await sha256(body) : null
  return await api.json<Photo>(`/v1/photos/${id}`, {
    method: 'PUT',
    query: fields,
    headers: digest ? { 'content-digest': `sha-256=:${digest}:` } : {},
    body,
    signal,
    retryMs,
    onWait,
    ...(onProgress && { onSent: (sent: number) => onProgress({ sent: Math.min(sent, total), total }) }),
  })
}

function bytesChanged(cause: Error): Problem {
  const message = 'The file has changed since it was chosen. Send it again when it is as it shall be.'
  return new Problem({ status: 400, code: 'bytes_changed', message }, { cause })
}
