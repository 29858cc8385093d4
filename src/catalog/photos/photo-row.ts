import type { FormatName } from '../../photo/formats.ts'
import type { FilterName } from '../../photo/look/filter.ts'
import type { Look } from '../../photo/look/look.ts'
import type { Focus, Photo, PhotoStatus, Rendition, Visibility } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import type { Secret } from '../../photo/secret.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { decodeRenditions } from './rendition-value.ts'

/** The secret of a photo `p` as text, and a parameter that is one as a column keeps it. */
export const SECRET = `translate(encode(p.secret, 'base64'), '+/=', '-_')`
export const secretOf = (parameter: string) => `decode(translate(${parameter}, '-_', '+/') || '=', 'base64')`

/** Whether a photo still has that secret, and so lies where it did: a parameter. */
export const liesIn = (secret: string) => `secret is not distinct from ${secretOf(secret)}`

/** A photo `p`, as text where a JavaScript number would lose digits. */
export const PHOTO_COLUMNS = `
  id::text, owner, status, visibility, posted_at::text, ${SECRET} as secret, alt, format, bytes::text, encode(case when adopted_from is null then sha256 else adopted_sha256 end, 'hex') as sha256,
  focus_x, focus_y, filter, strength, width, height, color, encode(thumbhash, 'base64') as thumbhash,
  failure_code, failure_message,
  edition, changes, wanted_filter, wanted_strength, wanted_focus_x, wanted_focus_y, wanted_at is not null as is_changing, renditions, later_renditions, recipe, adopted_from, adopted_etag`

/**
 * Whether a time that the database wrote is before another. One that is still to come says that the database's clock
 * was ahead when it was written: how long ago that was nobody knows, so it counts as before.
 */
export function isBefore(written: string, time: string): string {
  return `(${written} < ${time} or ${written} > now())`
}

export type PhotoRow = {
  id: PhotoId
  owner: OwnerId
  status: PhotoStatus
  visibility: Visibility
  posted_at: string
  secret: Secret | null
  alt: string | null
  format: FormatName | null
  bytes: string | null
  sha256: string | null
  focus_x: number | null
  focus_y: number | null
  filter: FilterName | null
  strength: number | null
  width: number | null
  height: number | null
  color: string | null
  thumbhash: string | null
  failure_code: string | null
  failure_message: string | null
  edition: number
  changes: number
  wanted_filter: FilterName | null
  wanted_strength: number | null
  wanted_focus_x: number | null
  wanted_focus_y: number | null
  is_changing: boolean
  renditions: Buffer | null
  later_renditions: Buffer | null
  recipe: number | null
  adopted_from: string | null
  adopted_etag: string | null
}

/** The photo that a row of PHOTO_COLUMNS tells of. */
export function photoOfRow(row: PhotoRow): Photo {
  const { width, height, color, thumbhash, filter, strength } = row
  const isDecoded = width !== null && height !== null && color !== null && thumbhash !== null
  return {
    id: row.id,
    owner: row.owner,
    status: row.status,
    visibility: row.visibility,
    postedAt: new Date(Number(row.posted_at)),
    secret: row.secret,
    alt: row.alt,
    original: {
      format: row.format,
      bytes: row.bytes === null ? null : Number(row.bytes),
      sha256: row.sha256,
    },
    adopted: row.adopted_from === null ? null : { from: row.adopted_from, etag: row.adopted_etag },
    facts: isDecoded ? { width, height, color, thumbhash } : null,
    focus: focusOf(row.focus_x, row.focus_y),
    look: lookOf(filter, strength),
    edition: row.edition,
    wanted: row.is_changing
      ? {
          look: lookOf(row.wanted_filter, row.wanted_strength),
          focus: focusOf(row.wanted_focus_x, row.wanted_focus_y),
          edition: row.changes,
        }
      : null,
    renditions: renditionsOf(row.renditions, row.later_renditions),
    recipe: row.recipe,
    failure:
      row.failure_code !== null ? { code: row.failure_code, message: row.failure_message ?? '' } : null,
  }
}

function lookOf(filter: FilterName | null, strength: number | null): Look | null {
  return filter !== null && strength !== null ? { filter, strength } : null
}

function focusOf(x: number | null, y: number | null): Focus | null {
  return x !== null && y !== null ? { x, y } : null
}

/** Those of both stages, the smallest first. */
function renditionsOf(first: Buffer | null, later: Buffer | null): Rendition[] {
  const made = [first, later].flatMap((value) => (value === null ? [] : decodeRenditions(value)))
  return made.toSorted(
    (a, b) =>
      a.width * a.height - b.width * b.height ||
      a.preset.localeCompare(b.preset) ||
      a.format.localeCompare(b.format),
  )
}
