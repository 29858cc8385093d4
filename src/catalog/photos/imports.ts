import type { PhotoId } from '../../photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import { sqlStateOf } from '../../postgres/errors.ts'
import { OF_SHARDS_HERE, type ShardMap } from '../shards/shard-map.ts'
import { SHARD_ORDER } from '../shards/shard-order.ts'
import { NEW_COLUMNS, NEW_PARAMETERS, type NewPhoto, valuesOf } from './photos.ts'

const UNIQUE_VIOLATION = '23505'

/** A name in the system that a photo came from: an owner has one photo of it. */
export type ExternalName = { source: string; externalId: string; owner: OwnerId }

/** A line of an import, the first being 1. */
export type ImportedLine = { run: number; line: number }

/** A photo that is there already. */
export type KnownPhoto = {
  id: PhotoId
  bytes: number | null
  /** Null when it was given none, and so is of when it was taken in. */
  postedAt: Date | null
  /** The line that made it; null when it was uploaded, or imported before lines were kept. */
  madeBy: ImportedLine | null
  isDeleted: boolean
}

export type KnownRow = Pick<KnownPhoto, 'id' | 'bytes' | 'isDeleted'> & {
  postedAt: number | null
  run: number | null
  line: number | null
}

/** What `knownOf` reads, of photos `p`. */
export const KNOWN_COLUMNS = `p.id::text, p.bytes::float8 as bytes, p.deleted_at is not null as "isDeleted",
  nullif(p.posted_at, posted_at_of(p.id))::float8 as "postedAt", p.imported_by as run, p.imported_line::float8 as line`

export function knownOf({ id, bytes, isDeleted, postedAt, run, line }: KnownRow): KnownPhoto {
  return {
    id,
    bytes,
    isDeleted,
    postedAt: postedAt === null ? null : new Date(postedAt),
    madeBy: run === null || line === null ? null : { run, line },
  }
}

/** Photos that came from other systems, and what they were called there. */
export class Imports {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** The photo that has the name; also one that was removed, until its row is gone. */
  async find({ source, externalId, owner }: ExternalName): Promise<KnownPhoto | null> {
    const rows = await this.#shards.of(shardOfOwner(owner)).read<KnownRow>(
      `select ${KNOWN_COLUMNS} from external_ids e join photos p on p.id = e.photo_id
       where e.external_id = $1 and e.source = $2 and e.owner = $3 and shard_is_here($4)`,
      [externalId, source, owner, shardOfOwner(owner)],
    )
    return rows[0] ? knownOf(rows[0]) : null
  }

  /** A photo of the owner's that has these bytes: of several the one that the line made, or else the first. */
  async findBytes(owner: OwnerId, sha256: string, { run, line }: ImportedLine): Promise<KnownPhoto | null> {
    const rows = await this.#shards.of(shardOfOwner(owner)).read<KnownRow>(
      `select ${KNOWN_COLUMNS} from photos p
       where ${SHARD_ORDER} = shard_order($3, $1, decode($2, 'hex'))
         and deleted_at is null and owner = $1 and sha256 = decode($2, 'hex') and shard_is_here($3)
       order by (p.imported_by, p.imported_line) is not distinct from ($4, $5) desc, p.id limit 1`,
      [owner, sha256, shardOfOwner(owner), run, line],
    )
    return rows[0] ? knownOf(rows[0]) : null
  }

  /** Records a photo under a name, both or neither. False when another of the owner's has the name. */
  async insert(
    photo: NewPhoto & { postedAt: Date | null; madeBy: ImportedLine },
    { source, externalId }: ExternalName,
  ): Promise<boolean> {
    const { madeBy } = photo
    try {
      await this.#shards.ofPhoto(photo.id).query(
        `with photo as (
           insert into photos (${NEW_COLUMNS}, posted_at, imported_by, imported_line)
           select ${NEW_PARAMETERS}, coalesce($13, posted_at_of($1)), $14, $15
           where photo_is_here($1)
           returning id, owner
         )
         insert into external_ids (source, external_id, owner, photo_id) select $16, $17, owner, id from photo`,
        [...valuesOf(photo), photo.postedAt?.getTime(), madeBy.run, madeBy.line, source, externalId],
      )
      return true
    } catch (error) {
      if (sqlStateOf(error) === UNIQUE_VIOLATION) return false
      throw error
    }
  }

  /** Gives a photo that is there one more name. One that another has stays with it. */
  async name(id: PhotoId, { source, externalId, owner }: ExternalName): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `insert into external_ids (source, external_id, owner, photo_id)
       select $2, $3, $4, $1 where photo_is_here($1) on conflict do nothing`,
      [id, source, externalId, owner],
    )
  }

  /** The photos that have a name, of whatever owners, the first first; up to so many. */
  async named(source: string, externalId: string, limit: number): Promise<PhotoId[]> {
    const rows = await this.#shards.firstEverywhere<{ id: PhotoId }>(
      `select named.id::text from (
         select photo_id as id from external_ids where external_id = $2 and source = $3 order by owner limit $4
       ) as named
       where ${OF_SHARDS_HERE} order by named.id`,
      [externalId, source],
      limit,
    )
    return rows.map(({ id }) => id)
  }

  /** Photos that a run imported and workers could not make, after `after`, in id order. */
  async failedOf(
    run: number,
    { code, after, limit }: { code: string | null; after: PhotoId | null; limit: number },
  ): Promise<{ id: PhotoId; owner: OwnerId; code: string; message: string }[]> {
    return await this.#shards.firstEverywhere(
      `select p.id::text, owner, failure_code as code, coalesce(failure_message, '') as message from photos p
       where ${OF_SHARDS_HERE} and status = 'failed' and deleted_at is null and imported_by = $2
         and ($3::text is null or failure_code = $3) and ($4::bigint is null or id > $4)
       order by p.id limit $5`,
      [run, code, after],
      limit,
    )
  }

  /** How many photos that were imported are still processing, counted up to so many. */
  async waiting(upTo: number): Promise<number> {
    const rows = await this.#shards.everywhere().read<{ count: number }>(
      `select count(*)::int as count from (
         select id from photos
         where ${OF_SHARDS_HERE} and status = 'processing' and deleted_at is null and imported_by is not null
         limit $2
       ) as waiting`,
      [upTo],
    )
    return Math.min(
      upTo,
      rows.reduce((sum, { count }) => sum + count, 0),
    )
  }
}
