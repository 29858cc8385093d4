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
const MAX_ID = 2n ** 63n - 1n

/** Reads an id as people and programs write it: decimal digits, or the 11 characters of a shortcode. Throws InvalidPhotoIdError. */
export function parsePhotoId(text: string): PhotoId {
  if (/^[1-9]\d{11,18}$/.test(text) && BigInt(text) <= MAX_ID) return text as PhotoId
  // An id of 11 digits or fewer would be of the epoch's first seconds, so 11 characters are always a shortcode.
  if (/^[\w-]{11}$/.test(text)) {
    const bytes = Buffer.from(text, 'base64url')
    const value = bytes.readBigUInt64BE()
    if (value > 0n && value <= MAX_ID && bytes.toString('base64url') === text) return String(value) as PhotoId
  }
  throw new InvalidPhotoIdError(text)
}

/** The id's 8 bytes in base64url: 11 characters for links that people see. */
export function shortcodeOf(id: PhotoId): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(id))
  return bytes.toString('base64url')
}

export function createdAt(id: PhotoId): Date {
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
