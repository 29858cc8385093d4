import { Api, type ApiOptions, type Ask } from './api.ts'
import { sleep } from './backoff.ts'
import { type EventOptions, readEvents } from './events.ts'
import { type FeedOptions, PhotoFeed } from './feed.ts'
import { Operator } from './operator.ts'
import type { PhotoSource, Signal } from './platform.ts'
import type {
  Filter,
  Filters,
  Me,
  Photo,
  PhotoChange,
  PhotoHistory,
  Photos,
  Preset,
  StreamedEvent,
} from './types.ts'
import { reserveId, reserveIds, type UploadOptions, uploadPhoto } from './upload.ts'
import { UploadQueue, type UploadQueueOptions } from './upload-queue.ts'

/** So many ids are asked for at once. */
const MOST_IDS = 100
/** Between two questions whether a photo is ready. */
const FIRST_PAUSE_MS = 150
const MOST_PAUSE_MS = 2_000

/** Darkroom, as an app uses it. Every method throws Problem. */
export class DarkroomClient {
  readonly #api: Api
  /** For a token with the role `operator`. */
  readonly operator: Operator

  constructor(options: ApiOptions) {
    this.#api = new Api(options)
    this.operator = new Operator(this.#api)
  }

  /** Resolves as soon as the server has the photo; `waitUntilReady` waits for its renditions. */
  async upload(source: PhotoSource, options: UploadOptions = {}): Promise<Photo> {
    return await uploadPhoto(this.#api, source, options)
  }

  /** An id to upload a photo under, good for a day. */
  async reserveId(options: Pick<Ask, 'signal' | 'retryMs' | 'onWait'> = {}): Promise<string> {
    return await reserveId(this.#api, options)
  }

  /** As `reserveId`, of up to 100. */
  async reserveIds(
    count: number,
    options: Pick<Ask, 'signal' | 'retryMs' | 'onWait'> = {},
  ): Promise<string[]> {
    return await reserveIds(this.#api, count, options)
  }

  /** Photos that wait to be uploaded, and are so after a reload, too. */
  async uploadQueue(options: UploadQueueOptions = {}): Promise<UploadQueue> {
    return await UploadQueue.open(this, options)
  }

  async photo(id: string, options: Pick<Ask, 'signal' | 'retryMs'> = {}): Promise<Photo> {
    return await this.#api.json(`/v1/photos/${id}`, options)
  }

  /** Those of the ids that there are and the viewer may see, in no order. */
  async photos(ids: readonly string[], options: Pick<Ask, 'signal' | 'retryMs'> = {}): Promise<Photo[]> {
    const found: Photo[] = []
    for (let at = 0; at < ids.length; at += MOST_IDS) {
      const query = { ids: ids.slice(at, at + MOST_IDS).join(',') }
      const { photos } = await this.#api.json<Photos>('/v1/photos', { query, ...options })
      found.push(...photos)
    }
    return found
  }

  /** Asks until the photo is ready or has failed, and for so long at most: then it is `processing` still. */
  async waitUntilReady(
    id: string,
    { withinMs = 60_000, signal }: { withinMs?: number; signal?: Signal } = {},
  ): Promise<Photo> {
    const endsAt = Date.now() + withinMs
    const left = () => Math.max(0, endsAt - Date.now())
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(MOST_PAUSE_MS, pause * 1.5)) {
      const photo = await this.photo(id, { signal, retryMs: left() })
      if (photo.status !== 'processing' || left() === 0) return photo
      await sleep(Math.min(pause, left()), signal)
    }
  }

  /** What happened to a photo of one's own; an operator is told of anybody's, and of its jobs and objects. */
  async history(id: string, options: Pick<Ask, 'signal' | 'retryMs'> = {}): Promise<PhotoHistory> {
    return await this.#api.json(`/v1/photos/${id}/history`, options)
  }

  async change(id: string, change: PhotoChange): Promise<Photo> {
    return await this.#api.json(`/v1/photos/${id}`, { method: 'PATCH', body: change })
  }

  /** Another look; null for none. The photo shows it when it is made. */
  async changeFilter(id: string, look: { filter: string; strength?: number } | null): Promise<Photo> {
    const path = `/v1/photos/${id}/filter`
    return await this.#api.json(path, look ? { method: 'PUT', body: look } : { method: 'DELETE' })
  }

  /** Who the viewer is, and what they may upload today. */
  async me(): Promise<Me> {
    return await this.#api.json('/v1/me')
  }

  /** The sizes and formats that photos are made in. */
  async presets(): Promise<Preset[]> {
    const { presets } = await this.#api.json<{ presets: Preset[] }>('/v1/presets')
    return presets
  }

  /** The looks that photos can have. */
  async filters(): Promise<Filter[]> {
    const { filters } = await this.#api.json<Filters>('/v1/filters')
    return filters
  }

  async delete(id: string): Promise<void> {
    await this.#api.ask(`/v1/photos/${id}`, { method: 'DELETE' })
  }

  /** Whom the viewer follows. */
  async following(): Promise<readonly string[]> {
    const { owners } = await this.#api.json<{ owners: string[] }>('/v1/following')
    return owners
  }

  /** From now on the viewer follows these, up to 5,000, and no others. */
  async setFollowing(owners: readonly string[]): Promise<void> {
    await this.#api.ask('/v1/following', { method: 'PUT', body: { owners } })
  }

  async follow(owner: string): Promise<void> {
    await this.#api.ask(`/v1/following/${encodeURIComponent(owner)}`, { method: 'PUT' })
  }

  async unfollow(owner: string): Promise<void> {
    await this.#api.ask(`/v1/following/${encodeURIComponent(owner)}`, { method: 'DELETE' })
  }

  /** The photos of those whom the viewer follows, newest first, page by page. */
  feed(options: FeedOptions = {}): PhotoFeed {
    const isOfFeed = ({ visibility, status }: Photo) => visibility === 'public' && status === 'ready'
    return new PhotoFeed(this.#api, '/v1/feed', options, isOfFeed)
  }

  /**
   * What happens to the viewer's photos, and `feed.new` of those they follow, as it happens: for as long as it is read, over as many
   * connections as it takes, each event once. After `reset` events may be missing: what is shown is to be loaded anew.
   */
  events(options: EventOptions = {}): AsyncGenerator<StreamedEvent, never> {
    return readEvents(this.#api, options)
  }

  /** An owner's photos, newest first, page by page. */
  photosOf(owner: string, options: FeedOptions = {}): PhotoFeed {
    const path = `/v1/owners/${encodeURIComponent(owner)}/photos`
    return new PhotoFeed(this.#api, path, options, (photo) => photo.owner === owner)
  }
}
