import type { Look } from '../../photo/look/look.ts'
import type { Adopted, Focus, Original, Visibility } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import type { Secret } from '../../photo/secret.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import { sqlStateOf } from '../../postgres/errors.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { KNOWN_COLUMNS, type KnownPhoto, type KnownRow, knownOf } from './imports.ts'
import { secretOf } from './photo-row.ts'

const UNIQUE_VIOLATION = '23505'

/** A photo whose original stays where it is, and the name that it has there. */
export type NewAdoption = {
  owner: OwnerId
  externalId: string
  visibility: Visibility
  secret: Secret
  alt: string | null
  /** Null where no list tells it. */
  bytes: number | null
  focus: Focus | null
  look: Look | null
  postedAt: Date | null
  /** Of the run, the first being 1. */
  line: number
  adopted: Adopted
}

/** Photos whose originals are not ours: they are shown from the beginning, and made when somebody looks at them. */
export class Adoptions {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /**
   * The photos that are named so, each at the place of its name; also those that were removed, until their rows are gone.
   */
  async find(
    source: string,
    names: readonly Pick<NewAdoption, 'owner' | 'externalId'>[],
  ): Promise<(KnownPhoto | null)[]> {
    const shards = names.map(({ owner }) => shardOfOwner(owner))
    const rows = await this.#shards.ofEachShard([...new Set(shards)]).read<KnownRow & { place: number }>(
      `select n.place::int, ${KNOWN_COLUMNS}
         from unnest($2::int[], $3::text[], $4::text[]) with ordinality n(shard, external_id, owner, place)
         join external_ids e on e.external_id = n.external_id and e.source = $5 and e.owner = n.owner
         join photos p on p.id = e.photo_id
         where n.shard = any($1::int[]) and shards_are_here($1)`,
      [shards, names.map(({ externalId }) => externalId), names.map(({ owner }) => owner), source],
    )
    const known = new Map(rows.map(({ place, ...row }) => [place, knownOf(row)]))
    return names.map((_, index) => known.get(index + 1) ?? null)
  }

  /** New ids, each at the place of its owner. As photos.nextId gives them. */
  async nextIds(owners: readonly OwnerId[]): Promise<PhotoId[]> {
    const shards = owners.map(shardOfOwner)
    // The clocks of shards are locked in one order, so that two who do this wait for each other and not for ever.
    const rows = await this.#shards.ofEachShard([...new Set(shards)]).query<{ place: number; id: PhotoId }>(
      `select set_config('synchronous_commit', 'off', true), place::int, next_photo_id(shard)::text as id
       from (
         select shard, place from unnest($2::int[]) with ordinality n(shard, place)
         where shard = any($1::int[]) and shards_are_here($1) order by shard, place
       ) asked`,
      [shards],
    )
    const ids = new Map(rows.map(({ place, id }) => [place, id]))
    return owners.map((_, index) => ids.get(index + 1) as PhotoId)
  }

  /**
   * Records photos and their names, of each database all or none. False when one of the names has another photo by now:
   * some may be recorded then.
   */
  async insert(
    photos: readonly (NewAdoption & { id: PhotoId })[],
    { source, run }: { source: string; run: number },
  ): Promise<boolean> {
    const rows = photos.map(({ focus, look, adopted, postedAt, ...photo }) => ({
      ...photo,
      focus_x: focus?.x,
      focus_y: focus?.y,
      filter: look?.filter,
      strength: look?.strength,
      posted_at: postedAt?.getTime(),
      adopted_from: adopted.from,
      adopted_etag: adopted.etag,
      external_id: photo.externalId,
    }))
    try {
      await this.#shards.ofEach(photos.map(({ id }) => id)).query(
        `with given as (
           select * from json_to_recordset($2) as n(
             id bigint, owner text, visibility text, bytes bigint, focus_x float8, focus_y float8, filter text, strength float8,
             secret text, alt text, posted_at bigint, line bigint, adopted_from text, adopted_etag text, external_id text)
           where id = any($1::bigint[])
         ), photo as (
           insert into photos (id, owner, visibility, bytes, sha256, focus_x, focus_y, filter, strength, secret, alt, posted_at,
             imported_by, imported_line, adopted_from, adopted_etag, status, later_renditions)
           select id, owner, visibility, bytes, sha256(convert_to(adopted_from, 'UTF8')), focus_x, focus_y, filter, strength, ${secretOf('secret')}, alt,
             coalesce(posted_at, posted_at_of(id)), $3, line, adopted_from, adopted_etag, 'ready', ''
           from given where photos_are_here($1)
           returning id
         )
         insert into external_ids (source, external_id, owner, photo_id)
         select $4, external_id, owner, id from photo join given using (id)`,
        [JSON.stringify(rows), run, source],
      )
      return true
    } catch (error) {
      if (sqlStateOf(error) === UNIQUE_VIOLATION) return false
      throw error
    }
  }

  /** Records what the original turned out to be when it was first read. */
  async identify(id: PhotoId, { format, bytes, sha256 }: Original): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `update photos set format = $2, bytes = $3, adopted_sha256 = decode($4, 'hex')
       where id = $1 and adopted_from is not null and adopted_sha256 is null and photo_is_here($1)`,
      [id, format, bytes, sha256],
    )
  }
}
