import type { PhotoId } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { EVENT, type PhotoEvent, type PhotoEventId } from './photo-events.ts'

/** So often an event that the app refuses holds up the later ones of its owner; from then on it is told when it is taken. */
export const HOLDING_REFUSALS = 5
/** More are not counted. */
export const MOST_COUNTED = 10_000

/** An event that the app refused when it was sent by itself. */
export type RefusedEvent = PhotoEvent & { refusals: number; retryAt: Date; because: string }

/** What is still to be told: how many events, up to MOST_COUNTED and one more, and the first of them. */
export type Backlog = { untold: number; refused: number; first: PhotoEventId | null }

const REFUSED = `${EVENT}, e.refusals, e.retry_at as "retryAt", e.refusal as because`
// Coalesced, as PostgreSQL else reckons with so few rows of these shards that it reads and sorts the table for them.
const OF_SHARDS_HERE = 'only_shards_here($1) and coalesce(shard_of(e.id) <@ $1::int4multirange, false)'
const IS_REFUSED = 'not e.is_told and e.refusals > 0'

/** Events as the app's webhook is told of them: each until it is taken, those of an owner in their order. */
export class WebhookEvents {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /**
   * The first events after `since` that are to be told and were not refused, none of whose owner wait for one that was. Those of a
   * database that is unavailable are left out.
   */
  async untold(since: PhotoEventId, limit: number): Promise<PhotoEvent[]> {
    // A value, as PostgreSQL else joins the table with itself before it knows that a hundred rows are wanted.
    return await this.#shards.firstEverywhere<PhotoEvent>(
      `select ${EVENT} from photo_events e
       where ${OF_SHARDS_HERE} and not e.is_told and e.id > $2 and e.refusals = 0
         and (
           select r.id from photo_events r
           where r.owner = e.owner and not r.is_told and r.refusals > 0 and r.refusals < ${HOLDING_REFUSALS} limit 1
         ) is null
       order by e.is_told, e.id limit $3`,
      [since],
      limit,
    )
  }

  /** The event that was refused and is to be sent again, of several the one that waits longest. */
  async due(): Promise<RefusedEvent | null> {
    const rows = await this.#shards.everywhere().read<RefusedEvent>(
      `select ${REFUSED} from photo_events e
       where ${OF_SHARDS_HERE} and ${IS_REFUSED} and e.retry_at <= now() order by e.retry_at limit 1`,
    )
    return rows.toSorted((a, b) => a.retryAt.getTime() - b.retryAt.getTime())[0] ?? null
  }

  /**
   * These events, in the order of their ids, told or not; without those that are forgotten, or of a database that is
   * unavailable.
   */
  async find(ids: readonly PhotoEventId[]): Promise<(PhotoEvent & { isTold: boolean })[]> {
    const rows = await this.#shards
      .everywhere()
      .read<PhotoEvent & { isTold: boolean }>(
        `select ${EVENT}, e.is_told as "isTold" from photo_events e where ${OF_SHARDS_HERE} and e.id = any($2::bigint[])`,
        [ids],
      )
    return rows.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
  }

  /** The app has taken these. Again changes nothing. Those of a database that is unavailable are told once more. */
  async markTold(ids: readonly PhotoEventId[]): Promise<void> {
    await this.#shards.everywhere().query(
      `update photo_events e set is_told = true
         where ${OF_SHARDS_HERE} and e.id = any($2::bigint[]) and not e.is_told`,
      [ids],
    )
  }

  /** The app refused this one, which is sent again in so many seconds. `because` is for an operator. */
  async refuse(id: PhotoEventId, { seconds, because }: { seconds: number; because: string }): Promise<void> {
    await this.#shards.ofPhoto(id as PhotoId).query(
      `update photo_events set refusals = least(refusals + 1, 30000), retry_at = now() + $2 * interval '1 second', refusal = $3
       where id = $1 and not is_told and photo_is_here($1)`,
      [id, seconds, because],
    )
  }

  /** All that was refused is sent again now: the app has begun to take others. */
  async retryAll(): Promise<void> {
    await this.#shards
      .everywhere()
      .query(
        `update photo_events e set retry_at = now() where ${OF_SHARDS_HERE} and ${IS_REFUSED} and e.retry_at > now()`,
      )
  }

  /** What was refused and is not taken yet, those that are sent again first. */
  async refused(limit: number): Promise<RefusedEvent[]> {
    const rows = await this.#shards.everywhere().read<RefusedEvent>(
      `select ${REFUSED} from photo_events e
       where ${OF_SHARDS_HERE} and ${IS_REFUSED} order by e.retry_at limit $2`,
      [limit],
    )
    return rows.toSorted((a, b) => a.retryAt.getTime() - b.retryAt.getTime()).slice(0, limit)
  }

  /** Of what is to be told after `since`. */
  async backlog(since: PhotoEventId): Promise<Backlog> {
    const all = await this.#shards.everywhere().read<Backlog>(
      `select count(*)::int as untold, count(*) filter (where refusals > 0)::int as refused, min(id)::text as first
       from (
         select e.id, e.refusals from photo_events e
         where ${OF_SHARDS_HERE} and not e.is_told and e.id > $2 order by e.is_told, e.id limit ${MOST_COUNTED + 1}
       ) untold`,
      [since],
    )
    const firsts = all.flatMap(({ first }) => (first === null ? [] : [first]))
    return {
      untold: all.reduce((sum, { untold }) => sum + untold, 0),
      refused: all.reduce((sum, { refused }) => sum + refused, 0),
      first: firsts.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))[0] ?? null,
    }
  }

  /** These are to be told once more, as if nobody had sent them. Returns how many of them there still are. */
  async resend(ids: readonly PhotoEventId[]): Promise<number> {
    const rows = await this.#shards.ofEach(ids).query(
      `update photo_events set is_told = false, refusals = 0, retry_at = null, refusal = null
       where id = any($1::bigint[]) and photos_are_here($1) returning id`,
    )
    return rows.length
  }

  /** Ids of a page of events after `after` and before `end` in their order: those that were told, or those that were not. */
  async between(
    after: PhotoEventId,
    end: PhotoEventId,
    { isTold, owner, limit }: { isTold: boolean; owner: OwnerId | null; limit: number },
  ): Promise<PhotoEventId[]> {
    const rows = await this.#shards.firstEverywhere<{ id: PhotoEventId }>(
      `select e.id::text from photo_events e
       where ${OF_SHARDS_HERE} and e.is_told = $2 and e.id > $3 and e.id < $4 and ($5::text is null or e.owner = $5)
       order by e.is_told, e.id limit $6`,
      [isTold, after, end, owner],
      limit,
    )
    return rows.map(({ id }) => id)
  }
}
