import { type Place, renditionsPrefix } from '../../photo/object-keys.ts'
import type { Photo } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { tellAgain } from '../changes/tell-again.ts'
import { OF_SHARDS_HERE, type ShardMap } from '../shards/shard-map.ts'
import { PHOTO_COLUMNS, type PhotoRow, photoOfRow, secretOf } from './photo-row.ts'

/** A photo, and a mark that another change of its row changes. */
export type MarkedPhoto = { photo: Photo; mark: string }

/** Places that a photo has left, as prefixes of keys: whatever lies there is to be deleted. `dueAt` is opaque. */
export type LeftPlaces = { id: PhotoId; prefixes: string[]; dueAt: string }

/** A job that began before its photo left a place may still put objects there. None runs for as long as that. */
const LAST_LOOK = "interval '1 hour'"

/** Where the renditions of photos lie in the store, and where they lay before. */
export class Places {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** For who finds the photo where it was wished to be: that it came there may not have been told. */
  async tellAgain({ owner }: Pick<Photo, 'owner'>): Promise<void> {
    await tellAgain(this.#shards, owner)
  }

  /** The photo, or null when there is none or it was removed. */
  async read(id: PhotoId): Promise<MarkedPhoto | null> {
    // PostgreSQL's own mark of a row: the transaction that wrote it last.
    const [row] = await this.#shards.ofPhoto(id).read<PhotoRow & { mark: string }>(
      `select ${PHOTO_COLUMNS}, p.xmin::text as mark from photos p
         where id = $1 and deleted_at is null and photo_is_here($1)`,
      [id],
    )
    return row ? { photo: photoOfRow(row), mark: row.mark } : null
  }

  /**
   * Shows the photo's renditions in another place, where copies of them are. From then on all of the place before is to
   * be deleted, and what lies there of earlier editions is forgotten. False, and nothing changes, when the photo was
   * changed since it was read. Moving it there twice is moving it once.
   */
  async move({ photo, mark }: MarkedPhoto, { visibility, secret }: Place): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(photo.id).query(
      `with photo as (
         update photos set
           visibility = $3, secret = ${secretOf('$4')},
           left_places = coalesce(left_places, '{}') || $5::text, left_at = now(), left_due_at = now()
         where id = $1 and xmin::text = $2 and deleted_at is null and photo_is_here($1)
         returning id
       ), forgotten as (
         delete from earlier_renditions e using photo where e.photo_id = photo.id
       )
       select from photo
       union all select from photos where id = $1 and secret = ${secretOf('$4')}`,
      [photo.id, mark, visibility, secret, renditionsPrefix(photo)],
    )
    return rows.length > 0
  }

  /** What one photo has left and is due, or null. */
  async leftBy(id: PhotoId): Promise<LeftPlaces | null> {
    const rows = await this.#shards
      .ofPhoto(id)
      .read<LeftPlaces>(
        `select ${LEFT} from photos p where id = $1 and left_due_at is not null and photo_is_here($1)`,
        [id],
      )
    return rows[0] ?? null
  }

  /** Places that photos have left, due at that time; the longest due first. Those of removed photos are among them. */
  async left(at: Date, limit: number): Promise<LeftPlaces[]> {
    return await this.#shards.everywhere().read(
      `select ${LEFT} from photos p
       where ${OF_SHARDS_HERE} and left_due_at <= $2
       order by p.left_due_at limit $3`,
      [at, limit],
    )
  }

  /**
   * The places are empty, and no edge has copies. They are looked at once more when no job can put anything there any
   * more, and then forgotten. Nothing happens when the photo has left another place since.
   */
  async cleared({ id, dueAt }: LeftPlaces): Promise<void> {
    const isLast = `left_due_at >= left_at + ${LAST_LOOK}`
    await this.#shards.ofPhoto(id).query(
      `update photos set
         left_due_at = case when ${isLast} then null else left_at + ${LAST_LOOK} end,
         left_places = case when ${isLast} then null else left_places end,
         left_at = case when ${isLast} then null else left_at end
       where id = $1 and left_due_at = $2::timestamptz and photo_is_here($1)`,
      [id, dueAt],
    )
  }

  /** Photos of before there were secrets, in id order, after `after`. */
  async withoutSecret(after: PhotoId | null, limit: number): Promise<{ id: PhotoId }[]> {
    return await this.#shards.firstEverywhere(
      `select id::text from photos p
       where ${OF_SHARDS_HERE} and secret is null and deleted_at is null and ($2::bigint is null or id > $2)
       order by p.id limit $3`,
      [after],
      limit,
    )
  }
}

const LEFT = `id::text, left_places as prefixes, left_due_at::text as "dueAt"`
