import type { Catalog } from '../../catalog/catalog.ts'
import {
  type EventTail,
  type FollowingChange,
  OVERLAP_MS,
  type Written,
} from '../../catalog/events/event-tail.ts'
import { EVENT_HOURS } from '../../catalog/events/photo-events.ts'
import { EngineUnavailableError } from '../../errors.ts'
import { type Log, onceAMinute, type Telling } from '../../log.ts'
import { firstIdAt, type PhotoId } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { TooManyStreamsError } from '../errors.ts'
import { EventStream } from './event-stream.ts'
import { Followed, hashOf } from './followed.ts'
import { toldOf } from './last-event-id.ts'
import { RecentIds } from './recent-ids.ts'

/** Of one viewer on one server: one for each of their devices and tabs. */
const MOST_STREAMS = 20
/** A connection on which nothing was written for so long is kept from being idle: proxies cut such ones, often after a minute. */
const BEAT_MS = 20_000
const CLOCK_MS = 1_000
const PAGE = 100
const VIEWERS_AT_ONCE = 500
/** Whom somebody comes to follow is told of from a little earlier on, as clocks of databases differ. */
const FOLLOWED_OVERLAP_MS = 5_000

/**
 * The event streams of one server. While there are any, one tail looks at what is written, for all of them. It only wakes
 * viewers: their own events are read after the last one that they were told, so that their order is that in which things
 * happened, wherever their shard is. What is new is matched with whom they follow in memory: nothing is kept for a follower.
 */
export class EventStreams {
  readonly #catalog: Pick<Catalog, 'photoEvents' | 'follows'>
  readonly #tellFailure: Telling
  readonly #stopping: AbortSignal
  readonly #streams = new Map<OwnerId, Set<EventStream>>()
  /** Viewers whose own events are to be read. */
  readonly #due = new Set<OwnerId>()
  readonly #recent = new RecentIds()
  #tail: EventTail | null = null
  #clock: NodeJS.Timeout | undefined
  #isReading = false

  /** When `stopping` is aborted all streams end. */
  constructor(
    catalog: Pick<Catalog, 'photoEvents' | 'follows'>,
    { stopping, log }: { stopping: AbortSignal; log: Log },
  ) {
    this.#catalog = catalog
    this.#tellFailure = onceAMinute((fields, message) => log.warn(fields, message))
    this.#stopping = stopping
    stopping.addEventListener('abort', () => this.#stop(), { once: true })
  }

  /**
   * A stream for the viewer, until their token expires: after what `lastEventId` says that they were told, or from now on.
   * Throws TooManyStreamsError, and EngineUnavailableError when a database can't say where it begins.
   */
  async open(
    viewer: OwnerId,
    { lastEventId, expiresAt }: { lastEventId: string | null; expiresAt: number },
  ): Promise<EventStream> {
    if (this.#stopping.aborted) throw new EngineUnavailableError('The server is being stopped.')
    const stream = new EventStream({ viewer, expiresAt })
    const tail = this.#add(stream)
    try {
      // What is written from now on is held until all before was told.
      await tail.begun
      const oldest = tail.time - EVENT_HOURS * 3_600_000 + OVERLAP_MS
      const resumed = lastEventId === null ? null : toldOf(lastEventId, viewer)
      const told = resumed && resumed.time > oldest ? resumed : null
      const [{ owners, version }, own] = await Promise.all([
        this.#catalog.follows.of(viewer),
        told?.own ?? this.#catalog.photoEvents.lastOf(viewer),
      ])
      stream.followed = new Followed(owners)
      stream.version = version
      stream.begin({ own, time: Math.min(told?.time ?? tail.time, tail.time) })
      if (lastEventId !== null && told === null) stream.tellReset()
      void this.#catchUp(stream, told ? { owners, time: told.time } : null)
      return stream
    } catch (error) {
      stream.cut()
      throw error
    }
  }

  #add(stream: EventStream): EventTail {
    const { viewer } = stream
    const streams = this.#streams.get(viewer) ?? new Set()
    if (streams.size >= MOST_STREAMS) throw new TooManyStreamsError(MOST_STREAMS)
    this.#streams.set(viewer, streams.add(stream))
    stream.body.once('close', () => {
      streams.delete(stream)
      if (streams.size === 0 && this.#streams.get(viewer) === streams) this.#streams.delete(viewer)
      if (this.#streams.size === 0) this.#rest()
    })
    this.#clock ??= setInterval(() => this.#tick(), CLOCK_MS)
    this.#tail ??= this.#catalog.photoEvents.tail({
      onWritten: (events) => this.#tellWritten(events),
      onFollowing: (changes) => this.#tellFollowing(changes),
      onGap: () => this.#endAll(),
      onFailure: (err) => this.#tellFailure({ err }, 'what happens to photos is told later'),
    })
    return this.#tail
  }

  /** Nobody listens. */
  #rest(): void {
    clearInterval(this.#clock)
    this.#tail?.[Symbol.dispose]()
    this.#clock = undefined
    this.#tail = null
  }

  /** Streams end as their clients read on; what they lack is told at another server. */
  #stop(): void {
    this.#endAll()
    this.#rest()
  }

  #endAll(): void {
    for (const stream of this.#all()) stream.end()
  }

  *#all(): Generator<EventStream> {
    for (const streams of this.#streams.values()) yield* streams
  }

  /** Tells what happened since the client was told, and then what was held. Cut, it is resumed from where it was. */
  async #catchUp(
    stream: EventStream,
    resumed: { owners: readonly OwnerId[]; time: number } | null,
  ): Promise<void> {
    const { viewer } = stream
    try {
      for (let count = PAGE; count === PAGE && stream.isOpen; ) {
        const page = await this.#catalog.photoEvents.of(viewer, stream.own, PAGE)
        for (const event of page) stream.tellOwn(event)
        count = page.length
        await stream.drained()
      }
      const told = new Set<PhotoId>()
      if (resumed) {
        const from = new Date(resumed.time - OVERLAP_MS)
        for await (const event of this.#newsOf(resumed.owners, from)) {
          told.add(event.id)
          stream.tellNew(event)
          await stream.drained()
          if (!stream.isOpen) return
        }
      }
      for (const event of stream.goLive()) {
        if (!told.has(event.id)) stream.offerNew(event, hashOf(event.owner))
      }
      if (!stream.isOpen) return
      this.#due.add(viewer)
      await this.#readOwn()
    } catch (err) {
      this.#tellFailure({ err, viewer }, 'an event stream was cut')
      stream.cut()
    }
  }

  async *#newsOf(owners: readonly OwnerId[], from: Date) {
    if (owners.length === 0) return
    let after = firstIdAt(from)
    for (let count = PAGE; count === PAGE; ) {
      const page = await this.#catalog.photoEvents.newOf(owners, after, PAGE)
      yield* page
      count = page.length
      after = page.at(-1)?.id ?? after
    }
  }

  #tellWritten(events: readonly Written[]): void {
    const now = this.#tail?.time ?? 0
    for (const event of events) {
      if (this.#streams.has(event.owner)) this.#due.add(event.owner)
      if (!event.isNew || !this.#recent.add(event.id, now)) continue
      const hash = hashOf(event.owner)
      for (const stream of this.#all()) stream.offerNew(event, hash)
    }
    void this.#readOwn()
  }

  /** One statement a database for all whose events are due. */
  async #readOwn(): Promise<void> {
    if (this.#isReading || this.#stopping.aborted) return
    this.#isReading = true
    const later: OwnerId[] = []
    try {
      while (this.#due.size > 0) {
        const viewers = [...this.#due].slice(0, VIEWERS_AT_ONCE)
        for (const viewer of viewers) this.#due.delete(viewer)
        later.push(...viewers)
        const { events, missing } = await this.#catalog.photoEvents.ofEach(this.#readersOf(viewers), PAGE)
        later.splice(later.length - viewers.length, viewers.length, ...missing)
        for (const [owner, own] of Map.groupBy(events, ({ owner }) => owner)) {
          for (const stream of this.#liveOf(owner)) for (const event of own) stream.tellOwn(event)
          if (own.length === PAGE) this.#due.add(owner)
        }
      }
    } catch (err) {
      this.#tellFailure({ err }, 'what happened to photos is told later')
    } finally {
      this.#isReading = false
      for (const viewer of later) this.#due.add(viewer)
    }
  }

  /** From where the one of a viewer's streams goes on that is behind the others. */
  #readersOf(viewers: readonly OwnerId[]): { owner: OwnerId; after: PhotoId }[] {
    return viewers.flatMap((owner) => {
      const [first, ...others] = this.#liveOf(owner).map(({ own }) => own)
      if (first === undefined) return []
      return { owner, after: others.reduce((a, b) => (BigInt(a) < BigInt(b) ? a : b), first) }
    })
  }

  #liveOf(viewer: OwnerId): EventStream[] {
    return [...(this.#streams.get(viewer) ?? [])].filter(({ isLive, isOpen }) => isLive && isOpen)
  }

  #tellFollowing(changes: readonly FollowingChange[]): void {
    for (const { viewer, version } of changes) {
      const streams = [...(this.#streams.get(viewer) ?? [])]
      if (streams.some((stream) => stream.version !== null && BigInt(stream.version) < BigInt(version)))
        void this.#follow(viewer)
    }
  }

  /** The viewer follows others by now: of whom they have come to, what was new since is told. */
  async #follow(viewer: OwnerId): Promise<void> {
    const streams = [...(this.#streams.get(viewer) ?? [])].filter(({ version }) => version !== null)
    try {
      const { owners, version } = await this.#catalog.follows.of(viewer)
      const followed = new Followed(owners)
      const since = new Date(Number(version) / 1_000 - FOLLOWED_OVERLAP_MS)
      for (const stream of streams) {
        if (stream.version === version) continue
        const added = owners.filter((owner) => !stream.followed.has(hashOf(owner)))
        stream.followed = followed
        stream.version = version
        for await (const event of this.#newsOf(added, since)) stream.tellNew(event)
      }
    } catch (err) {
      this.#tellFailure({ err, viewer }, 'an event stream was cut')
      for (const stream of streams) stream.cut()
    }
  }

  #tick(): void {
    const time = this.#tail?.time ?? 0
    for (const stream of this.#all()) {
      if (stream.isLive) stream.toldUntil(time)
      if (Date.now() >= stream.expiresAt) stream.end()
      else if (stream.version !== null && performance.now() - stream.writtenAt >= BEAT_MS) stream.beat()
    }
    if (this.#due.size > 0) void this.#readOwn()
  }
}
