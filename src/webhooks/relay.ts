import { setTimeout as sleep } from 'node:timers/promises'
import type { PhotoEvent, PhotoEventId } from '../catalog/events/photo-events.ts'
import type { RefusedEvent } from '../catalog/events/webhook-events.ts'
import { type Log, onceAMinute, type Telling } from '../log.ts'
import { firstIdAt } from '../photo/photo-id.ts'
import type { PartAtWork, RunEngines, RunKind, Step } from '../runs/run-kind.ts'
import { eventsMessage } from './messages.ts'
import type { Answer, Webhook } from './webhook.ts'

export const RELAY = 'webhooks'

/** So many events a request has at most. */
const MOST_EVENTS = 100
/** Between two looks for events, while there are none. */
const LOOK_MS = 500
/** Until the app is asked again, which doubles from the first to the last. */
const BACK_OFF_MS = { first: 1_000, most: 300_000 }
/** What it asks for itself is less than an hour, beyond which the engine of runs takes no part for due. */
const MOST_RETRY_AFTER_MS = 1_800_000
/** Until an event that was refused is sent again, which triples. */
const RETRY_S = { first: 10, most: 3_600 }
/** So many refusals in a row say that it is not the events' fault. */
const REFUSALS_OF_ALL = 3
/** When it has taken nothing for so long, it is sent nothing more until an operator says so. */
export const GIVE_UP_MS = 3 * 86_400_000

/** How far the relay is. Kept as the cursor of its part. */
export type RelayState = {
  /** Nothing of before is told: there was no webhook then. */
  since: PhotoEventId
  /** So many events go into the next request. */
  size: number
  /** So many events, sent by themselves, were refused since the app has last taken anything. */
  refusals: number
  /** Since when it was left alone for a while each time, how often that was, and what it said last. */
  failing: { since: string; times: number; because: string } | null
  acceptedAt: string | null
}

type Send = Pick<Webhook, 'send' | 'name'>

/**
 * Tells the app's webhook what happens to photos: up to 100 events at a time, in one order, of which those of an owner are
 * kept in it. What is sent is written down before, so that whoever goes on after a kill sends the same message again.
 *
 * A request that is refused is halved, until a single event is, which is put aside: it is sent again by itself, later and
 * later, while others go on. When the app takes nothing at all it is asked ever less often; after three days, or when it says
 * that it is gone, the run is paused, until `darkroom webhooks on`.
 */
export function relay(webhook: Send, { lookMs = LOOK_MS, now = () => new Date() } = {}): RunKind {
  return {
    name: RELAY,
    pauseMs: 0,
    slices: () => [{}],
    work: (engines, part, log) => new Relay(webhook, engines, part, log, { lookMs, now }).work(),
  }
}

type Clock = { lookMs: number; now: () => Date }

class Relay {
  readonly #webhook: Send
  readonly #engines: RunEngines
  readonly #part: PartAtWork
  readonly #log: Log
  readonly #clock: Clock
  readonly #tell: Telling
  #state: RelayState
  /** Events that the app has taken, and that are not counted yet. */
  #done = 0
  #isRefusedNext = false

  constructor(webhook: Send, engines: RunEngines, part: PartAtWork, log: Log, clock: Clock) {
    this.#webhook = webhook
    this.#engines = engines
    this.#part = part
    this.#log = log
    this.#clock = clock
    this.#state = (part.cursor as RelayState | null) ?? {
      since: firstIdAt(clock.now()),
      size: MOST_EVENTS,
      refusals: 0,
      failing: null,
      acceptedAt: null,
    }
    this.#tell = onceAMinute((fields, message) => log.warn(fields, message))
  }

  async *work(): AsyncGenerator<Step> {
    const { pausing, inFlight } = this.#part
    const { webhookEvents } = this.#engines.catalog
    if (this.#part.cursor === null) yield this.#step([])
    const before = inFlight.length > 0 ? await webhookEvents.find(inFlight as PhotoEventId[]) : []
    let batch: readonly PhotoEvent[] = before.some(({ isTold }) => !isTold) ? before : []
    while (!pausing.aborted) {
      if (batch.length === 0) batch = await this.#next()
      if (batch.length === 0) {
        if (this.#done > 0) yield this.#step([])
        await sleep(this.#clock.lookMs, undefined, { signal: pausing }).catch(() => {})
        continue
      }
      yield this.#step(batch)
      if (pausing.aborted) return
      const answer = await this.#webhook.send(eventsMessage(batch))
      const left = await this.#heed(answer, batch)
      batch = left.batch
      if (left.waitMs > 0) yield { ...this.#step(batch), dueInMs: left.waitMs }
    }
    if (this.#done > 0) yield this.#step(batch)
  }

  #step(batch: readonly PhotoEvent[]): Step {
    const done = this.#done
    this.#done = 0
    const { failing } = this.#state
    const heldBecause =
      failing && `${this.#webhook.name} takes nothing since ${failing.since}. ${failing.because}`
    return { cursor: { ...this.#state }, inFlight: batch.map(({ id }) => id), done, heldBecause }
  }

  /** By turns one that was refused, and those that were not sent yet. */
  async #next(): Promise<readonly PhotoEvent[]> {
    const { webhookEvents } = this.#engines.catalog
    const { since, size } = this.#state
    this.#isRefusedNext = !this.#isRefusedNext
    const due = this.#isRefusedNext ? await webhookEvents.due() : null
    if (due) return [due]
    const untold = await webhookEvents.untold(since, size)
    if (untold.length > 0 || this.#isRefusedNext) return untold
    const other = await webhookEvents.due()
    return other ? [other] : []
  }

  /** What is left of the batch, and how long to wait before that is sent. */
  async #heed(answer: Answer, batch: readonly PhotoEvent[]): Promise<Left> {
    const [event] = batch as [PhotoEvent]
    switch (answer.kind) {
      case 'accepted':
        await this.#accept(batch)
        return NOTHING
      case 'gone':
        await this.#turnOff(`${this.#webhook.name} is gone. ${answer.because}`)
        return { batch, waitMs: 0 }
      case 'unavailable':
        return await this.#backOff(batch, answer.because, answer.retryAfterMs ?? 0)
      case 'refused':
        if (batch.length > 1) {
          this.#state.size = Math.ceil(batch.length / 2)
          return { batch: batch.slice(0, this.#state.size), waitMs: 0 }
        }
        this.#state.refusals += 1
        await this.#putAside(event, answer.because)
        return this.#state.refusals < REFUSALS_OF_ALL ? NOTHING : await this.#backOff([], answer.because)
    }
  }

  async #accept(batch: readonly PhotoEvent[]): Promise<void> {
    const { catalog, queue } = this.#engines
    for (const { id, photoId, isNew } of batch) {
      if (isNew) await queue.enqueue({ kind: 'fanout', photoId, page: { number: 0, event: id, after: null } })
    }
    await catalog.webhookEvents.markTold(batch.map(({ id }) => id))
    if (this.#state.failing) {
      this.#log.info({ webhook: this.#webhook.name }, 'the webhook takes messages again')
      await catalog.webhookEvents.retryAll()
    }
    this.#done += batch.length
    const size = Math.min(MOST_EVENTS, this.#state.size * 2)
    const acceptedAt = this.#clock.now().toISOString()
    this.#state = { ...this.#state, size, refusals: 0, failing: null, acceptedAt }
  }

  async #putAside(event: PhotoEvent, because: string): Promise<void> {
    const refusals = 'refusals' in event ? (event as RefusedEvent).refusals : 0
    const seconds = jittered(Math.min(RETRY_S.first * 3 ** refusals, RETRY_S.most))
    await this.#engines.catalog.webhookEvents.refuse(event.id, { seconds, because })
    this.#tell(
      { event: event.id, type: event.type, because },
      'the webhook refuses an event; it is sent again by itself',
    )
  }

  /** The app is sent nothing for a while, or nothing more. */
  async #backOff(batch: readonly PhotoEvent[], because: string, askedMs = 0): Promise<Left> {
    const now = this.#clock.now()
    const { since = now.toISOString(), times = 0 } = this.#state.failing ?? {}
    this.#state.failing = { since, times: times + 1, because }
    if (now.getTime() - Date.parse(since) >= GIVE_UP_MS) {
      await this.#turnOff(`${this.#webhook.name} takes nothing since ${since}. ${because}`)
      return { batch, waitMs: 0 }
    }
    const ms = jittered(Math.min(BACK_OFF_MS.first * 2 ** times, BACK_OFF_MS.most))
    const waitMs = Math.max(ms, Math.min(askedMs, MOST_RETRY_AFTER_MS))
    this.#tell(
      { webhook: this.#webhook.name, because, ms: waitMs },
      'the webhook takes nothing; it is tried again',
    )
    return { batch, waitMs }
  }

  async #turnOff(reason: string): Promise<void> {
    await this.#engines.catalog.runs.hold(this.#part.run, reason)
    this.#log.error({ reason }, 'webhooks are off: `darkroom webhooks on` lets them go on')
    this.#state = { ...this.#state, refusals: 0, failing: null }
  }
}

type Left = { batch: readonly PhotoEvent[]; waitMs: number }
const NOTHING: Left = { batch: [], waitMs: 0 }

/** Up to a quarter more or less, so that not all who wait come at once. */
const jittered = (time: number) => time * (0.75 + Math.random() / 2)
