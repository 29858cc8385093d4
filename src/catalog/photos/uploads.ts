import type { PhotoId } from '../../photo/photo-id.ts'
import { addedAt } from '../../photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { ID_HOURS } from './reserved-ids.ts'

/** A photo that comes in pieces, as far as it has come. */
export type OpenUpload = {
  /** That of the photo, once it is whole. */
  id: PhotoId
  owner: OwnerId
  /** Of the whole, in bytes; null while the client does not say. */
  length: number | null
  /** So many bytes are kept, from the first on. */
  received: number
  /** The names of the objects that have them, in order: see chunkName. */
  chunks: readonly string[]
  /** What is told of the photo, as it was sent. */
  metadata: string
}

/** What was kept of an upload: one more chunk, from here to there. */
export type Appended = { chunk: string; from: number; to: number }

/** Until then an upload may be gone on with: as long as its id is reserved. */
export function expiryOf({ id }: Pick<OpenUpload, 'id'>): Date {
  return new Date(addedAt(id).getTime() + ID_HOURS * 3_600_000)
}

const COLUMNS = 'id::text, owner, length::float8 as length, received::float8 as received, chunks, metadata'

/**
 * A power cut may take the last moment of an upload, and its client is told where it ends then: so that no piece waits for a disk
 * that the photo waits for in the end.
 */
const WAITS_FOR_NO_DISK = "set_config('synchronous_commit', 'off', true)"

/** Photos that come in pieces, until they are whole. */
export class Uploads {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** A new upload under a new id, which is reserved for it. */
  async create({
    owner,
    length,
    metadata,
  }: Pick<OpenUpload, 'owner' | 'length' | 'metadata'>): Promise<OpenUpload> {
    const shard = shardOfOwner(owner)
    const rows = await this.#shards.of(shard).query<OpenUpload>(
      `with reserved as (
         insert into reserved_ids (id, owner) values (next_photo_id($1), $2) returning id
       ), created as (
         insert into uploads (id, owner, length, metadata)
         select id, $2, $3, $4 from reserved returning *, ${WAITS_FOR_NO_DISK}
       )
       select ${COLUMNS} from created`,
      [shard, owner, length, metadata],
    )
    return rows[0] as OpenUpload
  }

  /** The upload under an id that is reserved for the owner: a new one, or that of before. Null when it is not reserved. */
  async createUnder({
    id,
    owner,
    length,
    metadata,
  }: Pick<OpenUpload, 'id' | 'owner' | 'length' | 'metadata'>): Promise<OpenUpload | null> {
    await this.#shards.ofPhoto(id).query(
      `insert into uploads (id, owner, length, metadata)
       select id, owner, $3, $4 from reserved_ids where id = $1 and owner = $2 and photo_is_here($1)
       on conflict (id) do nothing`,
      [id, owner, length, metadata],
    )
    return await this.find(id, owner)
  }

  async find(id: PhotoId, owner: OwnerId): Promise<OpenUpload | null> {
    const rows = await this.#shards
      .ofPhoto(id)
      .read<OpenUpload>(
        `select ${COLUMNS} from uploads u where id = $1 and owner = $2 and photo_is_here($1)`,
        [id, owner],
      )
    return rows[0] ?? null
  }

  /** How long the whole will be. False when another length was told before, or more is there already. */
  async declareLength(id: PhotoId, length: number): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `update uploads set length = $2
       where id = $1 and coalesce(length, $2) = $2 and received <= $2 and photo_is_here($1) returning id`,
      [id, length],
    )
    return rows.length > 0
  }

  /**
   * One more chunk. False when others were faster, or the upload is gone: of all who write at once, also of those whose
   * connection is long dead, one appends, and the others change nothing.
   */
  async append(id: PhotoId, { chunk, from, to }: Appended): Promise<boolean> {
    // A statement whose answer was lost is sent again: then it finds its own chunk.
    const rows = await this.#shards.ofPhoto(id).query(
      `with appended as (
         update uploads set chunks = chunks || $2::text, received = $4
         where id = $1 and received = $3 and photo_is_here($1) returning id, ${WAITS_FOR_NO_DISK}
       )
       select id from appended
       union all
       select id from uploads where id = $1 and $2::text = any(chunks) and photo_is_here($1)`,
      [id, chunk, from, to],
    )
    return rows.length > 0
  }

  /** Other objects with the same bytes. False when the chunks are not those any more. */
  async replaceChunks(
    id: PhotoId,
    { before, after }: { before: readonly string[]; after: readonly string[] },
  ): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `update uploads set chunks = $3::text[]
       where id = $1 and (chunks = $2::text[] or chunks = $3::text[]) and photo_is_here($1) returning id`,
      [id, before, after],
    )
    return rows.length > 0
  }

  /** The upload is over. Returns the chunks that it had, null when there was none. */
  async remove(id: PhotoId, owner: OwnerId): Promise<readonly string[] | null> {
    const rows = await this.#shards
      .ofPhoto(id)
      .query<Pick<OpenUpload, 'chunks'>>(
        'delete from uploads where id = $1 and owner = $2 and photo_is_here($1) returning chunks',
        [id, owner],
      )
    return rows[0]?.chunks ?? null
  }

  /** Those whose ids are before `end`, in no order, up to so many of each database. */
  async before(end: PhotoId, limit: number): Promise<OpenUpload[]> {
    // Coalesced, as PostgreSQL else reckons with so few rows of these shards that it may read and sort the table for them.
    return await this.#shards.everywhere().read<OpenUpload>(
      `select ${COLUMNS} from uploads u
       where only_shards_here($1) and coalesce(shard_of(u.id) <@ $1::int4multirange, false) and u.id < $2
       order by u.id limit $3`,
      [end, limit],
    )
  }
}
