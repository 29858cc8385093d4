import type { FormatName } from '../../photo/formats.ts'
import type { Place } from '../../photo/object-keys.ts'
import type { Rendition } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import type { Shard } from '../../photo/shard.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { isInShards } from '../shards/shard-order.ts'
import { SECRET } from './photo-row.ts'
import { decodeRenditions } from './rendition-value.ts'

export type KeptRendition = Pick<Rendition, 'preset' | 'namedBy' | 'format' | 'digest' | 'bytes'> & {
  /** Viewers see it now; others are of looks before and after. */
  isShown: boolean
}

export type KeptPhoto = Place & {
  /** Null: its original is not ours. */
  format: FormatName | null
  /** Of its original. */
  bytes: number
  edition: number
  /** Its purge deletes all of it. */
  isRemoved: boolean
  /** It waits for no job, so nothing is being put for it. */
  isSettled: boolean
  renditions: KeptRendition[]
}

const KEPT =
  `select p.id::text, p.visibility, ${SECRET} as secret, case when p.adopted_from is null then p.format end as format, coalesce(p.bytes, 0)::float8 as bytes, p.edition, p.deleted_at is not null as "isRemoved",
    (p.status <> 'processing' and p.wanted_at is null
      and (p.status = 'failed' or p.later_renditions is not null)) as "isSettled",
    coalesce(p.renditions, '') || coalesce(p.later_renditions, '') as shown,
    (select string_agg(e.renditions || coalesce(e.later_renditions, ''), '')
     from earlier_renditions e where e.photo_id = p.id) as earlier
  from photos p` as const

/** Shard by shard, as the index has them. */
const OF_SHARDS = `${KEPT}
  join unnest($1::int[]) as asked(shard) on ${isInShards('asked.shard', 'asked.shard')}
  where shards_are_here($1)` as const

type KeptRow = Omit<KeptPhoto, 'renditions'> & { shown: Buffer; earlier: Buffer | null }

/** Which objects belong to photos. */
export class KeptObjects {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** What is kept of those of the photos that there are. Throws EngineUnavailableError unless all of it is known. */
  async ofPhotos(ids: readonly PhotoId[]): Promise<Map<PhotoId, KeptPhoto>> {
    return byId(
      await this.#shards
        .ofEach(ids)
        .read<KeptRow>(`${KEPT} where p.id = any($1::bigint[]) and photos_are_here($1)`),
    )
  }

  /** What is kept of all photos of the shards. Throws EngineUnavailableError unless all of it is known. */
  async ofShards(shards: readonly Shard[]): Promise<Map<PhotoId, KeptPhoto>> {
    return byId(await this.#shards.ofEachShard(shards).read<KeptRow>(OF_SHARDS))
  }
}

function byId(rows: readonly KeptRow[]): Map<PhotoId, KeptPhoto> {
  return new Map(
    rows.map(({ shown, earlier, ...photo }) => [
      photo.id,
      { ...photo, renditions: renditionsOf(shown, earlier) },
    ]),
  )
}

function renditionsOf(shown: Buffer, earlier: Buffer | null): KeptRendition[] {
  return [
    ...decodeRenditions(shown).map((rendition) => ({ ...rendition, isShown: true })),
    ...(earlier ? decodeRenditions(earlier) : []).map((rendition) => ({ ...rendition, isShown: false })),
  ]
}
