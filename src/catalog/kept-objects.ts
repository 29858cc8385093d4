import type { FormatName } from '../photo/formats.ts'
import type { Place } from '../photo/object-keys.ts'
import type { Rendition } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { Shard } from '../photo/shard.ts'
import { SECRET } from './photo-row.ts'
import type { ShardMap } from './shard-map.ts'

export type KeptRendition = Pick<Rendition, 'preset' | 'format' | 'digest'> & {
  /** Viewers see it now; others are of looks before and after. */
  isShown: boolean
}

export type KeptPhoto = Place & {
  format: FormatName
  edition: number
  /** Its purge deletes all of it. */
  isRemoved: boolean
  /** It waits for no job, so nothing is being put for it. */
  isSettled: boolean
  renditions: KeptRendition[]
}

const KEPT = `
  select p.id::text, p.visibility, ${SECRET} as secret, p.format, p.edition, p.deleted_at is not null as "isRemoved",
    (p.status <> 'processing' and p.wanted_at is null
      and (p.status = 'failed' or p.avif_edition is not distinct from p.edition)) as "isSettled",
    (select coalesce(json_agg(json_build_object('preset', r.preset, 'format', r.format, 'digest', r.digest,
        'isShown', r.retired_at is null and r.edition = p.edition
          and (r.filter, r.strength) is not distinct from (p.filter, p.strength))), '[]')
     from renditions r where r.photo_id = p.id) as renditions
  from photos p`

/** Which objects belong to photos. */
export class KeptObjects {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** What is kept of those of the photos that there are. Throws EngineUnavailableError unless all of it is known. */
  async ofPhotos(ids: readonly PhotoId[]): Promise<Map<PhotoId, KeptPhoto>> {
    return byId(
      await this.#shards.ofEach<KeptPhoto>(
        ids,
        `${KEPT} where p.id = any($1::bigint[]) and photos_are_here($1)`,
      ),
    )
  }

  /** What is kept of all photos of the shards. Throws EngineUnavailableError unless all of it is known. */
  async ofShards(shards: readonly Shard[]): Promise<Map<PhotoId, KeptPhoto>> {
    return byId(
      await this.#shards.ofEachShard<KeptPhoto>(
        shards,
        `${KEPT} where shard_of(p.id) = any($1::int[]) and shards_are_here($1)`,
      ),
    )
  }
}

function byId(photos: readonly KeptPhoto[]): Map<PhotoId, KeptPhoto> {
  return new Map(photos.map((photo) => [photo.id, photo]))
}
