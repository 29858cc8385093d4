import { Readable } from 'node:stream'
import type { Written } from '../../catalog/events/event-tail.ts'
import type { PhotoEvent, PhotoEventId } from '../../catalog/events/photo-events.ts'
import { addedAt } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'
import type { FeedEvent, OwnEvent } from '../schemas/event.ts'
import { Followed } from './followed.ts'
import { eventIdOf, type Told } from './last-event-id.ts'

/** What a client has not read yet: one that reads more slowly than it is written to is cut, and resumes. */
const MOST_PENDING_BYTES = 256 * 1024
/** So much is read ahead for a client that catches up. */
const READ_AHEAD_BYTES = 16 * 1024
/** News that may wait until the stream has caught up. */
const MOST_HELD = 10_000
/** A client that lost its stream comes back after so long. */
const RETRY_MS = 2_000

/**
 * What one connection is told, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). The id
 * of each says how far its viewer has been told: of their own photos, and of those that others post.
 */
export class EventStream {
  readonly viewer: OwnerId
  /** When its token expires, in milliseconds. */
  readonly expiresAt: number
  readonly body: Readable
  followed = new Followed([])
  /** Of whom the viewer follows; null before it is known. */
  version: string | null = null
  /** By performance.now(). */
  writtenAt = performance.now()
  #told: Told = { own: '0' as PhotoEventId, time: 0 }
  #held: Written[] | null = []
  #isEnding = false
  #drained: (() => void) | null = null

  constructor({ viewer, expiresAt }: { viewer: OwnerId; expiresAt: number }) {
    this.viewer = viewer
    this.expiresAt = expiresAt
    const drained = () => {
      this.#drained?.()
      this.#drained = null
    }
    this.body = new Readable({ read: drained, highWaterMark: READ_AHEAD_BYTES })
    this.body.once('close', drained)
  }

  /** The last event of the viewer's own photos that was written. */
  get own(): PhotoEventId {
    return this.#told.own
  }

  get isOpen(): boolean {
    return !this.body.destroyed && !this.#isEnding
  }

  /** Whether it has caught up with what happened before: until then news are held. */
  get isLive(): boolean {
    return this.#held === null
  }

  /** Says where the client is: until then it was told. */
  begin(told: Told): void {
    this.#told = told
    this.#write(`retry: ${RETRY_MS}\n${idLine(told)}\n`)
  }

  /** Nobody knows any more what happened since the client was told something. */
  tellReset(): void {
    this.#write(`event: reset\n${idLine(this.#told)}data: {"type":"reset"}\n\n`)
  }

  /** Something happened to a photo of the viewer's. What was told before is passed over. */
  tellOwn({ id, type, owner, photoId, visibility, failureCode, timing }: PhotoEvent): void {
    if (BigInt(id) <= BigInt(this.own)) return
    this.#told = { ...this.#told, own: id }
    const common = { id, type, photo: photoId, owner, timestamp: addedAt(id).toISOString() }
    this.#tell({ ...common, visibility, failure: failureCode, timing })
  }

  /** A photo is new; its owner's hash is `hash`. */
  offerNew(event: Written, hash: number): void {
    if (this.#held === null) {
      if (this.followed.has(hash)) this.tellNew(event)
    } else if (this.#held.push(event) > MOST_HELD) this.cut()
  }

  /** A photo of somebody whom the viewer follows is new. */
  tellNew({ id, owner, photoId }: Pick<Written, 'id' | 'owner' | 'photoId'>): void {
    const timestamp = addedAt(id).toISOString()
    this.#tell({ id, type: 'feed.new', photo: photoId, owner, timestamp })
  }

  /** From now on news are told at once; those that were held are returned. */
  goLive(): Written[] {
    const held = this.#held ?? []
    this.#held = null
    return held
  }

  /** Of those whom the viewer follows all until then was written. */
  toldUntil(time: number): void {
    this.#told = { ...this.#told, time }
  }

  /** Keeps the connection from being idle; the client resumes from here. */
  beat(): void {
    this.#write(`${idLine(this.#told)}\n`)
  }

  /** Resolves when the client has read what was written, or is gone. */
  async drained(): Promise<void> {
    if (!this.isOpen || this.body.readableLength < this.body.readableHighWaterMark) return
    await new Promise<void>((resolve) => {
      this.#drained = resolve
    })
  }

  end(): void {
    if (this.isOpen) this.body.push(null)
    this.#isEnding = true
  }

  cut(): void {
    this.body.destroy()
  }

  #tell(event: OwnEvent | FeedEvent): void {
    this.#write(`event: ${event.type}\n${idLine(this.#told)}data: ${JSON.stringify(event)}\n\n`)
  }

  #write(text: string): void {
    if (!this.isOpen) return
    this.body.push(text)
    this.writtenAt = performance.now()
    if (this.body.readableLength > MOST_PENDING_BYTES) this.cut()
  }
}

const idLine = (told: Told) => `id: ${eventIdOf(told)}\n`
