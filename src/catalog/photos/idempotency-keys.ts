import type { PhotoId } from '../../photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import type { DirectUpload } from './reserved-ids.ts'

/** For so long a key stands for what was made with it; then it is let go, within the hour. */
export const KEY_HOURS = 72

/** For so long others leave the work to a server that has died. */
const LEASE_S = 15
const LEASE = `now() + interval '${LEASE_S} seconds'`

/** A request that names a key. */
export type KeyedRequest = {
  owner: OwnerId
  key: string
  /** SHA-256 in hex of what is asked for: the route, and what is known before the body. */
  fingerprint: string
  /** So many ids are to be made with it. */
  count: number
  /** What was said of the photo that the id is for, as in `ReservedIds.reserve`. */
  direct?: DirectUpload
  /** Who asks: a UUID of this attempt's own. */
  holder: string
}

/**
 * What the key stands for. `made`: nothing did before; `held`: the same is in flight, and may be asked for again in so many
 * seconds; `other`: it was used for something else; `known`: it is a repeat, and the ids are those of before.
 */
export type KeyState =
  | { state: 'made' | 'known'; ids: [PhotoId, ...PhotoId[]] }
  | { state: 'held'; seconds: number }
  | { state: 'other' }

type KeyRow = { ids: [PhotoId, ...PhotoId[]]; isSame: boolean; isFree: boolean; seconds: number }

/** What owners' Idempotency-Keys stand for: the ids that were made with them. */
export class IdempotencyKeys {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** The key stands for ids that are reserved from now on, as `ReservedIds.reserve` does; or did so before. */
  async reserve(request: KeyedRequest): Promise<KeyState> {
    return await this.#begin(request, { isOpen: false })
  }

  /**
   * The key stands for one id, which is reserved for a photo until it is there. Until then the one who asks has it alone, for
   * 15 s, and for as long as it renews that; who has died of it is replaced.
   */
  async hold(request: Omit<KeyedRequest, 'count' | 'direct'>): Promise<KeyState> {
    return await this.#begin({ ...request, count: 1 }, { isOpen: true })
  }

  /** The holder goes on. */
  async renew(id: PhotoId, holder: string): Promise<void> {
    await this.#until(LEASE, id, holder)
  }

  /** The holder has given up: whoever repeats it need not wait. */
  async release(id: PhotoId, holder: string): Promise<void> {
    await this.#until('now()', id, holder)
  }

  /** Lets go those before `end`, up to so many. Returns how many went. */
  async forget(end: PhotoId, limit: number): Promise<number> {
    // Coalesced, as PostgreSQL else reckons with so few rows of these shards that it reads and sorts the table for them.
    const rows = await this.#shards.everywhere().query(
      `delete from idempotency_keys where photo_id = any(array(
         select k.photo_id from idempotency_keys k
         where only_shards_here($1) and coalesce(shard_of(k.photo_id) <@ $1::int4multirange, false)
           and k.photo_id < $2
         order by k.photo_id limit $3
       )) returning photo_id`,
      [end, limit],
    )
    return rows.length
  }

  async #begin(request: KeyedRequest, { isOpen }: { isOpen: boolean }): Promise<KeyState> {
    for (;;) {
      const made = await this.#make(request, isOpen)
      if (made) return { state: 'made', ids: made }
      const found = await this.#take(request)
      // It was let go in between.
      if (!found) continue
      const { ids, isSame, isFree, seconds } = found
      if (!isSame) return { state: 'other' }
      return isFree ? { state: 'known', ids } : { state: 'held', seconds }
    }
  }

  async #make(
    { owner, key, fingerprint, count, holder, direct }: KeyedRequest,
    isOpen: boolean,
  ): Promise<[PhotoId, ...PhotoId[]] | null> {
    const shard = shardOfOwner(owner)
    const rows = await this.#shards.of(shard).query<{ ids: [PhotoId, ...PhotoId[]] }>(
      `with made as (
         insert into idempotency_keys (photo_id, ids, owner, key, fingerprint, is_open, holder, held_until)
         select ids[1], ids, $2, $3, decode($4, 'hex'), $5, $6, ${LEASE}
         from (select array(select next_photo_id($1) from generate_series(1, $7::int)) as ids) as new
         on conflict (owner, key) do nothing returning ids
       ), reserved as (
         insert into reserved_ids (id, owner, direct) select unnest(ids), $2, $8 from made where not $5
       )
       select ids::text[] from made`,
      [shard, owner, key, fingerprint, isOpen, holder, count, direct ? JSON.stringify(direct) : null],
    )
    return rows[0]?.ids ?? null
  }

  /** What the key stands for; what is still to be made and nobody holds is this holder's from now on. */
  async #take({ owner, key, fingerprint, holder }: KeyedRequest): Promise<KeyRow | null> {
    const shard = shardOfOwner(owner)
    const rows = await this.#shards.of(shard).query<KeyRow>(
      `with found as (
         select photo_id, ids, fingerprint = decode($4, 'hex') as is_same, is_open, held_until
         from idempotency_keys where owner = $2 and key = $3 and shard_is_here($1) for update
       ), taken as (
         update idempotency_keys k set holder = $5, held_until = ${LEASE} from found
         where k.photo_id = found.photo_id and found.is_same and found.is_open and found.held_until <= now()
         returning k.photo_id
       )
       select ids::text[], is_same as "isSame", not is_open or exists (select from taken) as "isFree",
         ceil(extract(epoch from held_until - now()))::int as seconds
       from found`,
      [shard, owner, key, fingerprint, holder],
    )
    return rows[0] ?? null
  }

  async #until(time: string, id: PhotoId, holder: string): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `update idempotency_keys set held_until = ${time}
       where photo_id = $1 and holder = $2 and is_open and photo_is_here($1)`,
      [id, holder],
    )
  }
}
