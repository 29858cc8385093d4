import { setTimeout as sleep } from 'node:timers/promises'
import type { FeedEvent, OwnEvent } from '../../src/http/schemas/event.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { Random } from '../random.ts'

const TRY_AGAIN_MS = [50, 1_000] as const
/** Something comes every 20 s, be it nothing: a connection that is silent for longer is dead. */
const SILENT_MS = 45_000

export type Told = OwnEvent | FeedEvent

export type ListenerOptions = {
  url: string
  viewer: OwnerId
  tokenOf(owner: OwnerId): Promise<string>
  random: Random
}

/** Listens to `GET /v1/events`, and goes on where it was whenever the connection is lost. */
export class Listener {
  readonly viewer: OwnerId
  readonly findings: string[] = []
  readonly #options: ListenerOptions
  readonly #told = new Map<string, Told>()
  readonly #begun = Promise.withResolvers<void>()
  #lastId: string | null = null
  /** Of the viewer's own events. */
  #last = 0n

  constructor(options: ListenerOptions) {
    this.viewer = options.viewer
    this.#options = options
  }

  /** Each event once, in the order in which they were first told. */
  get told(): readonly Told[] {
    return [...this.#told.values()]
  }

  /** Resolves when the first connection has begun: nothing may be missed from then on. */
  get begun(): Promise<void> {
    return this.#begun.promise
  }

  async until(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#listen(stop)
      await sleep(this.#options.random.between(...TRY_AGAIN_MS), undefined, { signal: stop }).catch(() => {})
    }
  }

  async #listen(stop: AbortSignal): Promise<void> {
    const { url, viewer, tokenOf } = this.#options
    const silent = new AbortController()
    const timer = setTimeout(() => silent.abort(), SILENT_MS)
    const signal = AbortSignal.any([stop, silent.signal])
    const resumed = this.#lastId === null ? {} : { 'last-event-id': this.#lastId }
    const headers = { authorization: `Bearer ${await tokenOf(viewer)}`, ...resumed }
    try {
      const reply = await fetch(`${url}/v1/events`, { headers, signal })
      if (reply.status !== 200 && reply.status !== 503)
        this.findings.push(
          `the events of ${viewer} were answered with ${reply.status}: ${await reply.text()}`,
        )
      if (reply.status !== 200 || reply.body === null) return
      let text = ''
      for await (const chunk of reply.body.pipeThrough(new TextDecoderStream())) {
        timer.refresh()
        const blocks = (text + chunk).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) this.#hear(block)
      }
    } catch {
      // The connection was lost, or it is over.
    } finally {
      clearTimeout(timer)
    }
  }

  #hear(block: string): void {
    const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]))
    this.#lastId = fields.get('id') ?? this.#lastId
    this.#begun.resolve()
    const data = fields.get('data')
    if (data === undefined) return
    const told = JSON.parse(data) as Told | { type: 'reset' }
    if (told.type === 'reset') this.findings.push(`the events of ${this.viewer} can't go on`)
    else this.#note(told)
  }

  #note(told: Told): void {
    const key = `${told.type} ${told.id}`
    if (this.#told.has(key)) return
    this.#told.set(key, told)
    if (told.type === 'feed.new') return
    if (BigInt(told.id) < this.#last)
      this.findings.push(
        `${told.type} of photo ${told.photo} was told to ${this.viewer} after what happened later`,
      )
    this.#last = BigInt(told.id)
  }
}
