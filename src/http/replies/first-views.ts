import { setTimeout as sleep } from 'node:timers/promises'
import type { Photos } from '../../catalog/photos/photos.ts'
import { EngineUnavailableError } from '../../errors.ts'
import { photoIdOfRendition, renditionKey } from '../../photo/object-keys.ts'
import type { Photo } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { isPromised, promisedRenditions, type Recipes } from '../../photo/promised.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { Slots } from '../../slots.ts'

/** As long as CloudFront waits for an origin, with something left for the way. */
const WAIT_MS = 25_000
const ASK_MS = 100
/** So many photos of one server wait for workers at most: who uploads meanwhile shall not wait behind more. */
const AT_ONCE = 16
const NOT_IN_TIME = 'The photo is looked at for the first time, and is not made yet. Ask again.'

export type FirstViewEngines = Recipes & {
  catalog: { photos: Pick<Photos, 'find'> }
  queue: Pick<JobQueue, 'enqueue'>
}

/**
 * Renditions of adopted photos, made when they are asked for. Whoever asks for one waits until workers have made the photo:
 * one job for all that ask, of whatever server. Work is done only for a key that stands in a reply of ours for a photo that
 * is there, is shown, and has nothing yet; any other key costs one look at its photo at most.
 */
export class FirstViews {
  readonly #engines: FirstViewEngines
  readonly #making = new Map<PhotoId, Promise<Photo | null>>()
  readonly #slots = new Slots(AT_ONCE, NOT_IN_TIME)

  constructor(engines: FirstViewEngines) {
    this.#engines = engines
  }

  /**
   * The key of the object that has what the key promises; null when it promises nothing. Throws EngineUnavailableError when
   * that is not there in time.
   */
  async keep(key: string): Promise<string | null> {
    const id = photoIdOfRendition(key)
    const photo = id && (await this.#engines.catalog.photos.find(id))
    if (!photo?.adopted || photo.status !== 'ready') return null
    const promised = promisedRenditions(photo, this.#engines).find(
      (each) => renditionKey(photo, each) === key,
    )
    if (!promised) return null

    const made = isPromised(photo) ? await this.#make(photo.id) : photo
    const rendition = made?.renditions.find(
      ({ preset, format }) => preset === promised.preset && format === promised.format,
    )
    return made && rendition ? renditionKey(made, rendition) : null
  }

  async #make(id: PhotoId): Promise<Photo | null> {
    const making = this.#making.get(id) ?? this.#wait(id).finally(() => this.#making.delete(id))
    this.#making.set(id, making)
    return await making
  }

  /** The photo when it is made or failed; null when it is gone. */
  async #wait(id: PhotoId): Promise<Photo | null> {
    const { catalog, queue } = this.#engines
    using _slot = await this.#slots.acquire(WAIT_MS)
    await queue.enqueue({ kind: 'resize', photoId: id })
    for (const end = performance.now() + WAIT_MS; performance.now() < end; ) {
      await sleep(ASK_MS)
      const photo = await catalog.photos.find(id)
      if (!photo || !isPromised(photo)) return photo
    }
    throw new EngineUnavailableError(NOT_IN_TIME)
  }
}
