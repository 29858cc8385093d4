import type { Photo, PhotoEvent, StreamedEvent } from 'darkroom-client'
import { type TrayItem, withEvent, withPhoto } from './tray-item.ts'

/** Events say it first; what they do not say is asked for so often. */
const ASK_MS = 5_000
const MOST_IDS = 100
/** Events may come before the answer to the upload itself. */
const MOST_EARLY = 500

type Options = {
  items: ReadonlyMap<string, TrayItem>
  change: (item: TrayItem) => void
  photos: (ids: readonly string[]) => Promise<Photo[]>
}

/** Follows photos that were uploaded until each is developed or has failed. */
export class Settled {
  readonly #options: Options
  readonly #keys = new Map<string, string>()
  readonly #early = new Map<string, PhotoEvent>()

  constructor(options: Options) {
    this.#options = options
  }

  /** Asks now and then, until the function that it returns is called. */
  begin(): () => void {
    const timer = setInterval(() => void this.#ask(ASK_MS), ASK_MS)
    return () => {
      clearInterval(timer)
      this.#keys.clear()
      this.#early.clear()
    }
  }

  uploaded(photo: string, key: string): void {
    this.#keys.set(photo, key)
    const early = this.#early.get(photo)
    if (early) this.hear(early)
    this.#drop(photo)
  }

  hear(event: StreamedEvent): void {
    if (event.type === 'reset') return void this.#ask(0)
    if (event.type !== 'photo.ready' && event.type !== 'photo.failed') return
    const item = this.#itemOf(event.photo)
    if (item) {
      const next = withEvent(item, event)
      if (next) this.#options.change(next)
      this.#drop(event.photo)
      return
    }
    this.#early.set(event.photo, event)
    for (const oldest of this.#early.keys()) {
      if (this.#early.size <= MOST_EARLY) break
      this.#early.delete(oldest)
    }
  }

  #itemOf(photo: string): TrayItem | undefined {
    return this.#options.items.get(this.#keys.get(photo) ?? '')
  }

  /** Nothing more is to come. */
  #drop(photo: string): void {
    this.#early.delete(photo)
    if (this.#itemOf(photo)?.state !== 'developing') this.#keys.delete(photo)
  }

  /** Of those that were uploaded so long ago. */
  async #ask(sinceMs: number): Promise<void> {
    const before = Date.now() - sinceMs
    const ids = [...this.#keys.keys()]
      .filter((id) => (this.#itemOf(id)?.uploadedAt ?? 0) <= before)
      .slice(0, MOST_IDS)
    if (ids.length === 0) return
    const photos = await this.#options.photos(ids).catch(() => [])
    for (const photo of photos) {
      const item = this.#itemOf(photo.id)
      if (item && photo.status !== 'processing') this.#options.change(withPhoto(item, photo))
      this.#drop(photo.id)
    }
  }
}
