import { type Signal, signal } from '@preact/signals'
import { type PhotoFeed, Problem, type Spot, type StreamedEvent } from 'darkroom-client'
import { onEvent } from '../events.ts'
import { client, session } from '../session.ts'
import type { Anchor } from './place.ts'
import type { Rows } from './rows.ts'

/** What tiles are made of: nothing else is asked for. */
export const PRESETS = ['small', 'medium', 'feed'] as const
const WISH = { presets: PRESETS, formats: ['avif', 'jpeg'] as const, limit: 80, retryMs: 3_000 }

/** Events of so long are one question. */
const TOGETHER_MS = 300
/** What others did to their photos is seen after that at the latest. */
const LOOK_AGAIN_MS = 60_000
/** So many are kept when nobody looks at them, to be come back to. */
const MOST_KEPT = 2

/**
 * A feed that is looked at. What is new is in it at once, but is shown when the reader lets it in: until then it is `hidden`.
 */
export class OpenFeed {
  readonly owner: string | null
  readonly feed: PhotoFeed
  /** Goes up with each change of the feed. */
  readonly version = signal(0)
  readonly problem: Signal<Problem | null> = signal(null)
  readonly isBusy = signal(false)
  /** Where the reader is, and was when they left. */
  anchor: Anchor | null = null
  /** As it was laid out last. */
  rows: Rows | null = null
  /** The newest photo that the reader has let in. */
  #letIn: Spot | null = null
  #hasBegun = false
  #isLettingIn = false
  readonly #told = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(owner: string | null) {
    const options = { ...WISH, onChange: () => this.#changed() }
    this.owner = owner
    this.feed = owner === null ? client.feed(options) : client.photosOf(owner, options)
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** How many photos are newer than what is shown. */
  get hidden(): number {
    return this.#letIn ? this.feed.indexOf(this.#letIn) : 0
  }

  /** Opens it where the reader was, or at its newest, if what they looked at is gone; what was open before is seen again at once. */
  async begin(anchor: Anchor | null): Promise<void> {
    this.anchor = anchor
    if (this.#hasBegun) {
      await this.#act(async () => await this.feed.loadNewer())
      return
    }
    await this.#act(async () => {
      if (anchor) await this.#openAt(anchor)
      else await this.feed.open()
      this.#hasBegun = true
      this.#changed()
    })
  }

  async older(): Promise<void> {
    if (!this.isBusy.value) await this.#act(async () => await this.feed.loadOlder())
  }

  /** Those above, for a reader who began in the midst and scrolls up. */
  async newer(): Promise<void> {
    if (!this.isBusy.value && this.feed.hasNewer && !this.#letIn)
      await this.#act(async () => await this.feed.loadNewer())
  }

  /** Shows what is new, from its beginning. */
  async letIn(): Promise<void> {
    this.#letIn = null
    this.#isLettingIn = true
    if (this.feed.hasNewer) await this.#act(async () => await this.feed.open())
    else this.#changed()
  }

  /** Takes in what events tell, until the function that it returns is called. */
  follow(): () => void {
    const stop = onEvent((event) => this.#take(event))
    const look = () => {
      if (document.visibilityState === 'visible') void this.#lookAgain()
    }
    const timer = setInterval(look, LOOK_AGAIN_MS)
    addEventListener('online', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      stop()
      clearInterval(timer)
      removeEventListener('online', look)
      document.removeEventListener('visibilitychange', look)
    }
  }

  /** As they are now: asked for with those of which events told meanwhile. */
  readonly tell = (id: string): void => {
    this.#told.add(id)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const ids = [...this.#told]
      this.#told.clear()
      // What can't be asked now is asked when the page is looked at again, or is online.
      void this.feed.update(ids).catch(() => {})
    }, TOGETHER_MS)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.feed.close()
  }

  #take(event: StreamedEvent): void {
    if (event.type === 'reset') void this.#lookAgain()
    else if (event.type === 'feed.new') {
      if (this.owner === null || this.owner === event.owner) this.tell(event.photo)
    } else if (this.owner === event.owner || this.feed.places.some(({ id }) => id === event.photo))
      this.tell(event.photo)
  }

  async #lookAgain(): Promise<void> {
    if (!this.#hasBegun || this.problem.value) return await this.begin(this.anchor)
    if (!this.feed.hasNewer) await this.#act(async () => await this.feed.loadNewer())
    this.version.value++
  }

  async #openAt({ spot }: Anchor): Promise<void> {
    try {
      await this.feed.openAt(spot.id)
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'photo_not_found')) throw error
      this.anchor = null
      await this.feed.open()
    }
  }

  #changed(): void {
    if (this.#isLettingIn) this.anchor = null
    this.#isLettingIn = false
    // Nothing moves under a reader who sees nothing, or does not look; or who has come up to the newest.
    const isUnseen = this.#letIn === null || (document.hidden && scrollY === 0)
    const [newest] = this.feed.places
    if (isUnseen && newest && !this.feed.hasNewer) this.#letIn = { id: newest.id, at: newest.at }
    this.version.value++
  }

  async #act(act: () => Promise<void>): Promise<void> {
    this.isBusy.value = true
    try {
      await act()
      this.problem.value = null
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.problem.value = error
    } finally {
      this.isBusy.value = false
    }
  }
}

const kept = new Map<string, OpenFeed>()

/** The feed of those who are followed, or of an owner: as it was, if it was looked at lately. */
export function openFeed(owner: string | null): OpenFeed {
  const name = JSON.stringify([session.value.kind === 'in' && session.value.owner, owner])
  const feed = kept.get(name) ?? new OpenFeed(owner)
  kept.delete(name)
  kept.set(name, feed)
  for (const [oldest, old] of kept) {
    if (kept.size <= MOST_KEPT) break
    old.close()
    kept.delete(oldest)
  }
  return feed
}

/** When whom one follows has changed, the feed is another one. */
export function forgetFeed(): void {
  for (const [name, feed] of kept)
    if (feed.owner === null) {
      feed.close()
      kept.delete(name)
    }
}
