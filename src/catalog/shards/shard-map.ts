import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { ReplicaUrls, ShardRange } from '../../config/shard-ranges.ts'
import { EngineUnavailableError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type PhotoId, shardOf } from '../../photo/photo-id.ts'
import { type OwnerId, SHARD_COUNT, type Shard, shardOfOwner } from '../../photo/shard.ts'
import { Slots } from '../../slots.ts'
import { Database, type DatabaseOptions, type Reads, type Select } from '../database/database.ts'
import { ReadReplicas } from '../database/read-replicas.ts'
import { isNotHere, multirange, openArrived, SHARDS_PER_RUN, shardsOf } from './shard-places.ts'
import { type Ask, queriesBy, type ShardQueries } from './shard-queries.ts'
import { latestOf, type Survey, surveyShards } from './shard-survey.ts'
import { rowsOfThosePresent } from './those-present.ts'

/** For a statement to all databases: each answers for the shards it has, and for no copies or leavings of others. */
export const OF_SHARDS_HERE = 'only_shards_here($1) and shard_of(id) <@ $1::int4multirange'

/** Where a shard is, and what the database said that told us; -1 is the configuration. */
type Known = { url: string; generation: number }

type Told = Pick<DatabaseOptions, 'connections' | 'tell'>
type Options = Told & { replicas?: ReplicaUrls; log?: Log | null }

const ALL_SHARDS = shardsOf({ from: 0, to: SHARD_COUNT - 1 })
/** Whose shards are remembered. */
const MOST_OWNERS = 100_000

const ATTEMPTS = 8
const PAUSE_MS = 50

const SLOT_WITHIN_MS = 5_000
const SLOTS_TAKEN =
  'Too many requests for photos of these shards wait: their database answers slowly, or they are being moved.'

/**
 * Sends statements to the databases that have their shards, as far as this process knows. The truth lies in the
 * databases; the configuration is where the search begins. A map that is out of date does no harm: every statement
 * makes its database confirm that the shards are there (`shard_is_here` in the migration), and when they are not,
 * the map is read anew and the statement goes to the right one. So processes follow a move without being told.
 */
export class ShardMap implements AsyncDisposable {
  readonly #options: Told
  #replicas = new Map<string, ReadReplicas>()
  #databases = new Map<string, Database>()
  #known: Known[] = []
  #slots = new Map<number, Slots>()
  /** A database that has no replicas reads for itself. */
  readonly #readsOf = (database: Database): Reads => this.#replicas.get(database.url) ?? database
  readonly #shardsOf = new LRUCache<OwnerId, Shard>({ max: MOST_OWNERS, memoMethod: shardOfOwner })
  #leavesOut = true
  #refreshing: Promise<void> | null = null

  /** Of each database and each replica so many connections at most. */
  constructor(ranges: readonly ShardRange[], { replicas = new Map(), log = null, ...options }: Options) {
    this.#options = options
    const { connections } = options
    for (const [url, own] of replicas) {
      if (own.length === 0) continue
      this.#replicas.set(url, new ReadReplicas(this.databaseAt(url), own, { connections, log }))
    }
    for (const range of ranges) {
      this.databaseAt(range.url)
      for (const shard of shardsOf(range)) this.#known[shard] = { url: range.url, generation: -1 }
    }
  }

  /** The same map, for who may leave out nothing: `everywhere` throws EngineUnavailableError unless each database answers. */
  exact(): ShardMap {
    const exact = new ShardMap([], this.#options)
    exact.#databases = this.#databases
    exact.#replicas = this.#replicas
    exact.#known = this.#known
    exact.#slots = this.#slots
    exact.#leavesOut = false
    return exact
  }

  /** Statements about one shard, each guarded by `photo_is_here` or `shard_is_here`. */
  of(shard: Shard): ShardQueries {
    const ask =
      (slots: Slots | null): Ask =>
      async (answer) =>
        await this.#follow(async () => {
          using _slot = await slots?.acquire(SLOT_WITHIN_MS)
          return await answer(this.databaseOf(shard), [])
        })
    const slots = this.#slotsOf(shard)
    // Who waits for a replica has none of its database's connections.
    const slotsToRead = this.#replicas.has(this.databaseOf(shard).url) ? null : slots
    return queriesBy(ask(slots), this.#readsOf, ask(slotsToRead))
  }

  /** Statements about one photo. */
  ofPhoto(id: PhotoId): ShardQueries {
    return this.of(shardOf(id))
  }

  /**
   * Shards whose writers wait, as those of a move while it switches, never have all connections: others go on. A move
   * switches so many shards at once as share slots, so it meets two neighbours of them at most.
   */
  #slotsOf(shard: Shard): Slots {
    const place = Math.floor(shard / SHARDS_PER_RUN)
    const slots =
      this.#slots.get(place) ?? new Slots(Math.max(1, Math.floor(this.#options.connections / 3)), SLOTS_TAKEN)
    this.#slots.set(place, slots)
    return slots
  }

  /**
   * Statements about many photos: each database gets the ids it has, as $1, side by side with the others; what is given
   * begins with $2. They are guarded by `photos_are_here`.
   */
  ofEach(ids: readonly PhotoId[]): ShardQueries {
    return this.#inParts(ids, shardOf, (own) => [own])
  }

  /** The same with shards, guarded by `shards_are_here`. */
  ofEachShard(shards: readonly Shard[]): ShardQueries {
    return this.#inParts(
      shards,
      (shard) => shard,
      (own) => [own],
    )
  }

  /**
   * The same with owners, whose names are a text with blanks between them, and whose shards are $2; what is given begins with
   * $3. They are guarded by `shards_are_here($2)`. As texts, because to write and read an array takes longer than all else.
   */
  ofEachOwner(owners: readonly OwnerId[]): ShardQueries {
    // They may be thousands, and it takes a digest to know the shard of one.
    const all = owners.map((owner) => ({ owner, shard: this.#shardsOf.memo(owner) }))
    return this.#inParts(
      all,
      ({ shard }) => shard,
      (own) => [own.map(({ owner }) => owner).join(' '), `{${[...new Set(own.map(({ shard }) => shard))]}}`],
    )
  }

  /** The same with shards that are many: $1 is a multirange of them, and they are guarded by `all_shards_here`. */
  ofShards(shards: readonly Shard[]): ShardQueries {
    return this.#inParts(
      shards,
      (shard) => shard,
      (own) => [multirange(own)],
    )
  }

  #inParts<Item>(
    items: readonly Item[],
    shardOf: (item: Item) => Shard,
    first: (own: readonly Item[]) => unknown[],
  ): ShardQueries {
    return queriesBy(
      async (answer) =>
        await this.#follow(async () => {
          const parts = Map.groupBy(items, (item) => this.databaseOf(shardOf(item)))
          const answers = [...parts].map(([database, own]) => answer(database, first(own)))
          return (await Promise.all(answers)).flat()
        }),
      this.#readsOf,
    )
  }

  /**
   * Statements about all photos: each database gets the shards it has, as $1, side by side with the others. They are
   * guarded by `only_shards_here`, so that together they miss none. Databases that are unavailable are left out, as long
   * as one answers, unless the map is exact.
   */
  everywhere(): ShardQueries {
    return queriesBy(
      async (answer) =>
        await this.#follow(async () => {
          const parts = Map.groupBy(ALL_SHARDS, (shard) => this.databaseOf(shard))
          const answers = [...parts].map(([database, shards]) => answer(database, [multirange(shards)]))
          return this.#leavesOut ? await rowsOfThosePresent(answers) : (await Promise.all(answers)).flat()
        }),
      this.#readsOf,
    )
  }

  /**
   * Each database that has shards, and these as a multirange: for who asks each by itself. Its statements are guarded by
   * `only_shards_here`; when one is refused, `refresh` finds out where the shards are.
   */
  parts(): { database: Database; shards: string }[] {
    const parts = Map.groupBy(ALL_SHARDS, (shard) => this.databaseOf(shard))
    return [...parts].map(([database, shards]) => ({ database, shards: multirange(shards) }))
  }

  /** The same of rows that are in the order of their ids: of all answers the first, at most `limit`, its last parameter. */
  async firstEverywhere<Row extends { id: PhotoId }>(
    statement: Select,
    values: readonly unknown[],
    limit: number,
  ): Promise<Row[]> {
    const rows = await this.everywhere().read<Row>(statement, [...values, limit])
    return rows.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)).slice(0, limit)
  }

  /** The databases that have replicas, each with all of its own. */
  replicas(): ReadReplicas[] {
    return [...this.#replicas.values()]
  }

  databaseOf(shard: Shard): Database {
    return this.databaseAt((this.#known[shard] as Known).url)
  }

  /** Every database that has shards. */
  databases(): Database[] {
    return [...new Set(this.#known.map(({ url }) => url))].map((url) => this.databaseAt(url))
  }

  /** Every database that this process has heard of, also those without shards. */
  heardOf(): Database[] {
    return [...this.#databases.values()]
  }

  databaseAt(url: string): Database {
    const database = this.#databases.get(url) ?? new Database(url, this.#options)
    this.#databases.set(url, database)
    return database
  }

  /** Reads the map anew. Shards of which no database tells stay where they were. */
  async refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null
    })
    await this.#refreshing
  }

  /** What every database says: those this process has heard of, and those they point to. */
  async survey(): Promise<Survey> {
    return await surveyShards([...this.#databases.keys()], (url) => this.databaseAt(url))
  }

  /**
   * Asks until no database says that a shard is elsewhere. A statement that was refused took no effect, so it may
   * be asked again. Throws EngineUnavailableError when no database that answers has the shard.
   */
  async #follow<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask()
      } catch (error) {
        // A database may be gone for good, and its shards elsewhere: whoever asks next shall know.
        if (error instanceof EngineUnavailableError) void this.refresh()
        if (!isNotHere(error)) throw error
        if (attempt === ATTEMPTS) {
          throw new EngineUnavailableError('No database that answers has this part of the photos.', {
            cause: error,
          })
        }
      }
      if (attempt > 1) await sleep(PAUSE_MS * attempt)
      await this.refresh()
    }
  }

  async #refresh(): Promise<void> {
    const { places } = await this.survey()
    const latest = latestOf(places)
    for (const [shard, place] of latest.entries()) {
      const known = this.#known[shard]
      if (place && (!known || place.generation >= known.generation)) {
        this.#known[shard] = { url: place.url ?? place.at, generation: place.generation }
      }
    }
    // A move that died between its switch and this.
    for (const { at, state, generation, from, to } of places) {
      if (state !== 'arriving') continue
      const isDue = (shard: Shard) =>
        latest[shard]?.url === at && latest[shard]?.generation === generation - 1
      const due = shardsOf({ from, to }).filter(isDue)
      if (due.length > 0) await openArrived(this.databaseAt(at), due, generation).catch(() => {})
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#replicas.values(), ...this.#databases.values()]
    await Promise.all(all.map((each) => each[Symbol.asyncDispose]()))
  }
}
