import { InvalidPhotoIdError } from '../errors.ts'
import type { Shard } from './shard.ts'

/**
 * 64 bits: 41 of milliseconds since EPOCH_MS, 13 of logical shard, 10 of sequence. A decimal string everywhere
 * but in SQL, because a JavaScript number holds 53 bits. Ids sort by time when compared as numbers.
 * Made by the SQL function `next_photo_id`; layout after Instagram's (2012).
 */
export type PhotoId = string & { readonly brand: 'PhotoId' }

/** 2024-01-01T00:00:00Z. */
export const EPOCH_MS = 1_704_067_200_000

const SHARD_BITS = 13n
const SEQUENCE_BITS = 10n

/**
 * Below 9.22 * 10^18, which ids reach in October 2058, four days before their 41 bits are used up: so that a pattern
 * can say it. An id of 11 digits or fewer would be of the epoch's first seconds: 11 characters are a shortcode.
 */
const DIGITS = '[1-9][0-9]{11,17}|[1-8][0-9]{18}|9[01][0-9]{17}|92[01][0-9]{16}'
/** The first bit of the 64 is 0, and so are the two that the last character has left over. */
const SHORTCODE = '[A-Za-f][A-Za-z0-9_-]{9}[AEIMQUYcgkosw048]'

/** An id in digits; as a shortcode; and as people and programs write it, in either way. */
export const PHOTO_ID_PATTERN = `^(?:${DIGITS})$`
export const SHORTCODE_PATTERN = `^${SHORTCODE}$`
export const WRITTEN_PHOTO_ID_PATTERN = `^(?:${DIGITS}|${SHORTCODE})$`

const WRITTEN_PHOTO_ID = new RegExp(WRITTEN_PHOTO_ID_PATTERN)

/**
 * Reads an id as people and programs write it: decimal digits, or the 11 characters of a shortcode. Throws
 * InvalidPhotoIdError.
 */
export function parsePhotoId(text: string): PhotoId {
  if (!WRITTEN_PHOTO_ID.test(text)) throw new InvalidPhotoIdError(text)
  if (text.length > 11) return text as PhotoId
  return String(Buffer.from(text, 'base64url').readBigUInt64BE()) as PhotoId
}

/** The id's 8 bytes in base64url: 11 characters for links that people see. */
export function shortcodeOf(id: PhotoId): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(id))
  return bytes.toString('base64url')
}

/** When the photo was taken in. */
export function addedAt(id: PhotoId): Date {
  return new Date(Number(BigInt(id) >> (SHARD_BITS + SEQUENCE_BITS)) + EPOCH_MS)
}

export function shardOf(id: PhotoId): Shard {
  return Number((BigInt(id) >> SEQUENCE_BITS) & (2n ** SHARD_BITS - 1n)) as Shard
}

/** The smallest id a photo of that time can have: every photo made before it has a smaller id. */
export function firstIdAt(time: Date): PhotoId {
  const ms = Math.max(time.getTime() - EPOCH_MS, 0)
  return String(BigInt(ms) << (SHARD_BITS + SEQUENCE_BITS)) as PhotoId
}
