import { createHash } from 'node:crypto'

/** Who may see and remove a photo: the token's `sub`, opaque to us. */
export type OwnerId = string & { readonly brand: 'OwnerId' }

/** One of 8,192 logical shards, fixed for an owner for ever. Which database holds it is configuration. */
export type Shard = number & { readonly brand: 'Shard' }

export const SHARD_COUNT = 8192

const OWNER_ID = /^[A-Za-z0-9_-]{1,64}$/

export function isOwnerId(text: unknown): text is OwnerId {
  return typeof text === 'string' && OWNER_ID.test(text)
}

/** The first 13 bits of SHA-256 of the owner id. */
export function shardOfOwner(owner: OwnerId): Shard {
  return (createHash('sha256').update(owner).digest().readUInt16BE() >> 3) as Shard
}
