import { FORMATS, type FormatName } from './formats.ts'
import type { Rendition } from './photo.ts'
import { type PhotoId, shardOf } from './photo-id.ts'
import { RENDITION_FORMATS } from './recipe.ts'

export const ORIGINALS_PREFIX = 'originals/'

/** Where the bytes the owner sent lie. Private: nothing delivers this prefix. */
export function originalKey(id: PhotoId, format: FormatName): string {
  return `${ORIGINALS_PREFIX}${shardOf(id)}/${id}.${FORMATS[format].extension}`
}

/** The photo an original's key belongs to, or null for a key that is none of ours. */
export function photoIdOfOriginal(key: string): PhotoId | null {
  return (/^originals\/\d{1,4}\/(\d{1,19})\.\w+$/.exec(key)?.[1] as PhotoId | undefined) ?? null
}

/** What all renditions of a photo begin with, and what one delivery policy covers. Ends with a slash, so that no other photo's keys match. */
export function renditionsPrefix(id: PhotoId): string {
  return `renditions/${shardOf(id)}/${id}/`
}

/** The same key always means the same bytes, so it may be cached for ever. */
export function renditionKey(
  id: PhotoId,
  rendition: Pick<Rendition, 'preset' | 'format' | 'digest'>,
): string {
  const { extension } = RENDITION_FORMATS[rendition.format]
  return `${renditionsPrefix(id)}${rendition.preset}-${rendition.digest}.${extension}`
}

/** The photo a rendition's key belongs to, or null for a key that is none of ours. */
export function photoIdOfRendition(key: string): PhotoId | null {
  return (/^renditions\/\d{1,4}\/(\d{1,19})\/[\w.-]+$/.exec(key)?.[1] as PhotoId | undefined) ?? null
}
