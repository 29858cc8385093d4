import type { Cut } from '../catalog/photos/feed-page.ts'
import type { PhotoId } from '../photo/photo-id.ts'

/**
 * A cut of a feed, as clients are given it and send it back: a byte that says the version, 6 of when it was posted (in
 * milliseconds since 1970, signed: 4,400 years both ways), 8 of the id, in base64url.
 */
const VERSION = 1

/** All of 15 bytes that begin with the version, and whose id, from the 57th bit on, is positive: each is a cursor. */
export const CURSOR_PATTERN = '^A[Q-Za-f][A-Za-z0-9_-]{7}[A-HQ-Xg-nw-z0-3][A-Za-z0-9_-]{10}$'

export function cursorOf({ postedAt, id }: Cut): string {
  const bytes = Buffer.alloc(15)
  bytes.writeUInt8(VERSION)
  bytes.writeIntBE(postedAt.getTime(), 1, 6)
  bytes.writeBigInt64BE(BigInt(id), 7)
  return bytes.toString('base64url')
}

/** The cut of a text that CURSOR_PATTERN matches. */
export function cutOfCursor(cursor: string): Cut {
  const bytes = Buffer.from(cursor, 'base64url')
  return {
    postedAt: new Date(bytes.readIntBE(1, 6)),
    id: String(bytes.readBigInt64BE(7)) as PhotoId,
  }
}
