import { EngineUnavailableError } from '../../errors.ts'
import type { Timing, Visibility } from '../../photo/photo.ts'
import { firstIdAt, type PhotoId } from '../../photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { EventTail, type TailListener } from './event-tail.ts'

export const PHOTO_EVENT_TYPES = [
  'photo.ready',
  'photo.failed',
  'photo.look',
  'photo.visibility',
  'photo.deleted',
] as const
export type PhotoEventType = (typeof PHOTO_EVENT_TYPES)[number]

/** As ids of photos are, and of the same shard. */
export type PhotoEventId = PhotoId

/** What happened to a photo. Triggers write it, in the transaction in which it happens (037.do.photo-events.sql). */
export type PhotoEvent = {
  id: PhotoEventId
  owner: OwnerId
  photoId: PhotoId
  type: PhotoEventType
  /** That of the photo from then on, or of one that was removed until then. */
  visibility: Visibility
  /** Others see the photo for the first time, within a day of when it was posted: the owner's followers are to know. */
  isNew: boolean
  /** Of a photo that failed. */
  failureCode: string | null
  /** Of what a worker made. */
  timing: Timing | null
}

/** So long events are kept, and those that a webhook is still to be told of. */
export const EVENT_HOURS = 24
export const UNTOLD_HOURS = 72

export const TIMING = `case when e.developed_ms is not null then json_build_object('waitedMs', e.waited_ms, 'developedMs', e.developed_ms) end`

/** The columns of one, `e`. */
export const EVENT = `e.id::text, e.owner, e.photo_id::text as "photoId", e.type, e.visibility, e.is_new as "isNew", e.failure_code as "failureCode", ${TIMING} as timing`

/**
 * What happened to photos, in the order in which it did: of one owner an event that is seen has all before it seen, and
 * every later one has a greater id.
 */
export class PhotoEvents {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** The owner's events after that one, in their order; all that are kept after '0'. */
  async of(owner: OwnerId, after: PhotoEventId, limit: number): Promise<PhotoEvent[]> {
    const shard = shardOfOwner(owner)
    return await this.#shards.of(shard).read<PhotoEvent>(
      `select ${EVENT} from photo_events e
       where e.owner = $2 and ${isAfter('$2', '$3')} and shard_is_here($1) order by e.owner, e.id limit $4`,
      [shard, owner, after, limit],
    )
  }

  /**
   * The same for many owners at once, so many of each, those of an owner in their order. What a database that is
   * unavailable has is missing: its owners are told.
   */
  async ofEach(
    readers: readonly { owner: OwnerId; after: PhotoEventId }[],
    limit: number,
  ): Promise<{ events: PhotoEvent[]; missing: OwnerId[] }> {
    const parts = Map.groupBy(readers, ({ owner }) => this.#shards.databaseOf(shardOfOwner(owner)))
    const missing: OwnerId[] = []
    const answers = [...parts.values()].map(async (part) => {
      try {
        return await this.#ofPart(part, limit)
      } catch (error) {
        if (!(error instanceof EngineUnavailableError)) throw error
        missing.push(...part.map(({ owner }) => owner))
        return []
      }
    })
    return { events: (await Promise.all(answers)).flat(), missing }
  }

  async #ofPart(
    readers: readonly { owner: OwnerId; after: PhotoEventId }[],
    limit: number,
  ): Promise<PhotoEvent[]> {
    const shards = readers.map(({ owner }) => shardOfOwner(owner))
    return await this.#shards.ofEachShard([...new Set(shards)]).read<PhotoEvent>(
      `select ${EVENT} from unnest($2::text[], $3::bigint[], $4::int[]) as reader(owner, after, shard) cross join lateral (
         select * from photo_events e
         where e.owner = reader.owner and ${isAfter('reader.owner', 'reader.after')} order by e.owner, e.id limit $5
       ) e
       where reader.shard = any($1::int[]) and (select shards_are_here($1))`,
      [readers.map(({ owner }) => owner), readers.map(({ after }) => after), shards, limit],
    )
  }

  /**
   * A page of what the followers of these owners are to know of after that id, by ids. Of two owners, a later one may be
   * committed before: who reads on goes back by as much as a transaction may last.
   */
  async newOf(owners: readonly OwnerId[], after: PhotoEventId, limit: number): Promise<PhotoEvent[]> {
    const rows = await this.#shards.ofEachOwner(owners).read<PhotoEvent>(
      `select ${EVENT} from unnest(string_to_array($1, ' ')) as followed(owner) cross join lateral (
         select * from photo_events e
         where e.owner = followed.owner and ${isAfter('followed.owner', '$3')} and e.is_new order by e.owner, e.id limit $4
       ) e
       where (select shards_are_here($2)) order by e.id limit $4`,
      [after, limit],
    )
    return rows.toSorted(inOrder).slice(0, limit)
  }

  /** What is kept of what happened to one photo, in its order. */
  async ofPhoto(id: PhotoId): Promise<PhotoEvent[]> {
    return await this.#shards.ofPhoto(id).read<PhotoEvent>(
      `select ${EVENT} from photo_events e
       where e.photo_id = $1 and photo_is_here($1) order by e.photo_id, e.id`,
      [id],
    )
  }

  /**
   * How long photos took from intake until they were ready, since then: of each minute, in milliseconds since 1970, how many took so
   * long, in steps of 5 %. What a database has that is unavailable is missing.
   */
  async readyTimes(since: Date): Promise<{ minute: number; ms: number; photos: number }[]> {
    return await this.#shards.everywhere().read(
      `select minute, power(1.05, step + 0.5) as ms, count(*)::int as photos from (
         select ((e.id >> 23) + 1704067200000) / 60000 * 60000::float8 as minute,
           floor(ln(greatest(e.waited_ms::float8 + e.developed_ms, 1)) / ln(1.05)) as step
         from photo_events e
         where only_shards_here($1) and coalesce(shard_of(e.id) <@ $1::int4multirange, false)
           and e.id > $2 and e.type = 'photo.ready' and e.developed_ms is not null
       ) ready
       group by minute, step`,
      [firstIdAt(since)],
    )
  }

  /** Looks at what is written from now on, for as long as it is not disposed. */
  tail(listener: TailListener): EventTail {
    return new EventTail(this.#shards, listener)
  }

  /** The last of the owner's events, or '0'. */
  async lastOf(owner: OwnerId): Promise<PhotoEventId> {
    const shard = shardOfOwner(owner)
    const [row] = await this.#shards.of(shard).read<{ id: PhotoEventId }>(
      `select e.id::text from photo_events e
       where e.owner = $2 and shard_is_here($1) order by e.owner desc, e.id desc limit 1`,
      [shard, owner],
    )
    return row?.id ?? ('0' as PhotoEventId)
  }

  /** Forgets events before `end` that are marked as told, or those that are not, up to so many. Returns how many went. */
  async forget({ isTold, end }: { isTold: boolean; end: PhotoEventId }, limit: number): Promise<number> {
    // Coalesced, as PostgreSQL else reckons with so few rows of these shards that it may read and sort the table for them.
    const rows = await this.#shards.everywhere().query(
      `delete from photo_events where id = any(array(
         select e.id from photo_events e
         where only_shards_here($1) and coalesce(shard_of(e.id) <@ $1::int4multirange, false)
           and e.is_told = $2 and e.id < $3
         order by e.is_told, e.id limit $4
       )) returning id`,
      [isTold, end, limit],
    )
    return rows.length
  }
}

/**
 * Of an owner's events, those after an id: as a pair, so that PostgreSQL does not read the events of all owners by their ids
 * when it reckons that most are of this one.
 */
const isAfter = (owner: string, id: string) => `(e.owner, e.id) > (${owner}, ${id})`

function inOrder(a: PhotoEvent, b: PhotoEvent): number {
  return BigInt(a.id) < BigInt(b.id) ? -1 : 1
}
