import { firstIdAt, type PhotoId } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'
import type { Database } from '../database/database.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { isNotHere } from '../shards/shard-places.ts'

/** An event that was committed, as far as it must be known whom it concerns. */
export type Written = { id: PhotoId; owner: OwnerId; photoId: PhotoId; isNew: boolean }

/** A viewer who has changed whom they follow in the last half minute. */
export type FollowingChange = { viewer: OwnerId; version: string }

export type TailListener = {
  /** Told of each event, by which database does not matter; again when its shard moves. */
  onWritten(events: readonly Written[]): void
  onFollowing(changes: readonly FollowingChange[]): void
  /** Events may have passed untold, as a database could not be looked at for too long. */
  onGap(): void
  onFailure(error: unknown): void
}

/** Between two looks at a database. */
const PAUSE_MS = 300
/** Every so many looks it is looked who has changed whom they follow. */
const FOLLOWING_EVERY = 4
/** So long such a change is found. A look that comes later than that may have missed one. */
const FOLLOWING_S = 30
const MOST_PAUSE_MS = FOLLOWING_S * 1_000 - 10_000
/** A transaction that takes an id may commit so much later, and clocks of databases may differ by as much. */
export const OVERLAP_MS = 60_000

const NOTHING = String(2n ** 63n - 1n) as PhotoId

/** Where a database was looked at last: what it could see then, and its time; null when that is to be found out anew, by time. */
type Place = { snapshot: string | null; at: number; lookedAt: number; looks: number }

type Row = { snapshot: string; at: number } & (Written | { id: null })

/** What was not committed at the snapshot $2. */
const SINCE_SNAPSHOT = `e.xid >= pg_snapshot_xmin($2::pg_snapshot) and e.xid < pg_snapshot_xmax(pg_current_snapshot())
  and not pg_visible_in_snapshot(e.xid, $2::pg_snapshot)`
const SINCE_ID = 'e.id > $2'

/**
 * Sees everything that is committed to `photo_events`, in whatever order: from one look to the next what the snapshot before
 * did not see, so that a transaction that lasts holds up no other. One small statement a look and database, however many
 * are interested. It takes no LISTEN, which poolers do not pass on, and whose NOTIFY makes commits wait for each other.
 */
export class EventTail implements Disposable {
  readonly #shards: ShardMap
  readonly #listener: TailListener
  readonly #places = new Map<Database, Place>()
  readonly #busy = new Set<Database>()
  readonly #beganAt = Date.now()
  readonly #timer: NodeJS.Timeout
  #parts: ReturnType<ShardMap['parts']> = []
  /** Resolves when each database was looked at, or could not be: nothing is missed that is committed from then on. */
  readonly begun: Promise<void>
  #isDisposed = false

  constructor(shards: ShardMap, listener: TailListener) {
    this.#shards = shards
    this.#listener = listener
    this.begun = this.#lookAtAll(NOTHING)
    this.#timer = setInterval(() => void this.#lookAtAll(null), PAUSE_MS)
  }

  /** In milliseconds: what happened before, but for OVERLAP_MS, was told of. */
  get time(): number {
    return Math.min(...this.#parts.map(({ database }) => this.#placeOf(database).at))
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    clearInterval(this.#timer)
  }

  /** Where nothing says what was seen before it is looked from the id on; null: from what was told on, and somewhat before. */
  async #lookAtAll(from: PhotoId | null): Promise<void> {
    this.#parts = this.#shards.parts()
    const since = from ?? firstIdAt(new Date(this.time - OVERLAP_MS))
    const idle = this.#parts.filter(({ database }) => !this.#busy.has(database))
    await Promise.all(idle.map(async (part) => await this.#lookAt(part, since)))
  }

  async #lookAt({ database, shards }: { database: Database; shards: string }, since: PhotoId): Promise<void> {
    this.#busy.add(database)
    const place = this.#placeOf(database)
    const startedAt = performance.now()
    try {
      const rows = await database.read<Row>(written(place.snapshot ? SINCE_SNAPSHOT : SINCE_ID), [
        shards,
        place.snapshot ?? since,
      ])
      const changes = place.looks % FOLLOWING_EVERY === 0 ? await followingChanges(database) : []
      if (this.#isDisposed) return
      const { snapshot, at } = rows[0] as Row
      if (startedAt - place.lookedAt > MOST_PAUSE_MS) this.#listener.onGap()
      const events = rows.filter((row) => row.id !== null)
      if (events.length > 0) this.#listener.onWritten(events)
      if (changes.length > 0) this.#listener.onFollowing(changes)
      this.#places.set(database, { snapshot, at, lookedAt: startedAt, looks: place.looks + 1 })
    } catch (error) {
      if (this.#isDisposed) return
      // A shard has moved: the next look is at all that have shards now.
      if (isNotHere(error)) await this.#shards.refresh().catch(() => {})
      else {
        this.#listener.onFailure(error)
        // What answers next may be a replica that was promoted, and know nothing of the last transactions: their ids are given again.
        this.#places.set(database, { ...place, snapshot: null })
      }
    } finally {
      this.#busy.delete(database)
    }
  }

  #placeOf(database: Database): Place {
    const place = this.#places.get(database)
    if (place) return place
    const times = [...this.#places.values()].map(({ at }) => at)
    const unseen = {
      snapshot: null,
      at: Math.min(this.#beganAt, ...times),
      lookedAt: performance.now(),
      looks: 0,
    }
    this.#places.set(database, unseen)
    return unseen
  }
}

/** One row at least, for what the database could see, and its time. */
function written(since: string) {
  return `select now.snapshot, now.at, e.id::text, e.owner, e.photo_id::text as "photoId", e.is_new as "isNew"
    from (
      select pg_current_snapshot()::text as snapshot, floor(extract(epoch from clock_timestamp()) * 1000)::float8 as at
      where only_shards_here($1)
    ) now left join lateral (select * from photo_events e where ${since}) e on true
    order by e.id` as const
}

/** By the database's own clock, by which versions are made. */
async function followingChanges(database: Database): Promise<FollowingChange[]> {
  return await database.read<FollowingChange>(
    `select viewer, version::text from following
     where version > ((extract(epoch from now()) - ${FOLLOWING_S}) * 1000000)::bigint`,
  )
}
