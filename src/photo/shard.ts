import { hash } from 'node:crypto'

/** Who may see and remove a photo: the token's `sub`, opaque to us. */
export type OwnerId = string & { readonly brand: 'OwnerId' }

/** One of 8,192 logical shards, fixed for an owner for ever. Which database holds it is configuration. */
export type Shard = number & { readonly brand: 'Shard' }

export const SHARD_COUNT = 8192

/**
 * What identity providers put into `sub`: `auth0|507f1f77`, `000123.9f8e.0456`, `alice+test@example.com`, UUIDs. In
 * paths it is percent-encoded. @NOTE Not `.` or `..`, which clients take out of a path, encoded or not.
 */
export const OWNER_ID_PATTERN = '^(?!\\.{1,2}$)[A-Za-z0-9_.:|@+-]{1,128}$'
export const OWNER_ID_RULE = '1 to 128 of A-Z a-z 0-9 _ - . : | @ +'

const OWNER_ID = new RegExp(OWNER_ID_PATTERN)

export function isOwnerId(text: unknown): text is OwnerId {
  return typeof text === 'string' && OWNER_ID.test(text)
}

/** The first 13 bits of SHA-256 of the owner id. */
export function shardOfOwner(owner: OwnerId): Shard {
  return (hash('sha256', owner, 'buffer').readUInt16BE() >> 3) as Shard
}
