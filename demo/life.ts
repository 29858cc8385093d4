import { openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../chaos/random.ts'
import { DarkroomClient, type Photo } from '../clients/typescript/src/darkroom-client.ts'
import { ownFilters } from '../src/filters/filter-book.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { Server } from './server.ts'
import { type Town, VIEWER } from './town.ts'

const PHOTOS = join(import.meta.dirname, '../fixtures/photos')
const SAMPLE = 'sample.jpg'
const OTHERS = ['phone-3.heic', 'opaque-alpha.png', 'photo.avif', 'gps.jpg', 'animated.gif']
const SAMPLE_SHARE = 0.7
const LOOK_SHARE = 0.6
const LOOKS = ownFilters().all.map(({ name }) => name)

const BETWEEN_MS = [200, 1_000] as const
/** Of all that happens, so much is no upload. */
const CHANGE_SHARE = 0.2
/** Only the last few are deleted or made private, as only those are looked at. So many are posted at first, without a pause. */
const RECENT = 20
const AT_ONCE = 4
/** A terminal's Ctrl-C stops the server at the same time as us: who is asking it then soon gives up. */
const RETRY_MS = 5_000

/** These follow whom they follow in the town, and nobody else. Stops by throwing the signal's reason. */
export async function setFollowing(
  viewers: Iterable<OwnerId>,
  { following }: Town,
  server: Server,
  stop: AbortSignal,
): Promise<void> {
  const rest = [...viewers].values()
  const lane = async () => {
    for (const viewer of rest) {
      stop.throwIfAborted()
      await clientOf(server, viewer).setFollowing(following.get(viewer) ?? [])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}

/**
 * What happens in the town, one thing after the other: photos are posted, and now and then one is deleted or made private, or
 * the viewer follows somebody else.
 */
export class Life {
  readonly #town: Town
  readonly #server: Server
  readonly #random: Random
  readonly #followed: Set<OwnerId>
  readonly #recent: Photo[] = []
  readonly #removed = new Map<string, string>()
  #posted = 0

  constructor(town: Town, server: Server, random: Random) {
    this.#town = town
    this.#server = server
    this.#random = random
    this.#followed = new Set(town.following.get(VIEWER))
  }

  get posted(): number {
    return this.#posted
  }

  get removed(): number {
    return this.#removed.size
  }

  /** How many the viewer follows. */
  get followed(): number {
    return this.#followed.size
  }

  /** Goes on until told to stop, by throwing its reason. `onNews` is told what has happened, in words. */
  async goOn(onNews: (news: string) => void, stop: AbortSignal): Promise<never> {
    for (;;) {
      stop.throwIfAborted()
      const isLively = this.#posted >= RECENT
      if (isLively) await sleep(this.#random.between(...BETWEEN_MS), undefined, { signal: stop })
      const isChange = isLively && this.#isLucky(CHANGE_SHARE)
      const act = isChange ? this.#random.pick([this.#remove, this.#remove, this.#followAnother]) : this.#post
      onNews(await act())
    }
  }

  /** Why a photo is in the feed no more. */
  whyGone({ id, owner }: Photo): string {
    if (!this.#followed.has(owner as OwnerId)) return 'not followed any more'
    return this.#removed.get(id) ?? 'gone'
  }

  #post = async (): Promise<string> => {
    const owner = this.#town.next()
    const file = this.#isLucky(SAMPLE_SHARE) ? SAMPLE : this.#random.pick(OTHERS)
    const filter = this.#isLucky(LOOK_SHARE) ? this.#random.pick(LOOKS) : undefined
    const alt = filter ? `${file} in ${filter}` : file
    const bytes = await openAsBlob(join(PHOTOS, file))
    this.#recent.push(await clientOf(this.#server, owner).upload(bytes, { filter, alt }))
    if (this.#recent.length > RECENT) this.#recent.shift()
    this.#posted += 1
    return `${owner} posts ${alt}`
  }

  #remove = async (): Promise<string> => {
    const photo = this.#random.pick(this.#recent)
    this.#recent.splice(this.#recent.indexOf(photo), 1)
    const client = clientOf(this.#server, photo.owner)
    const what = this.#isLucky(0.5) ? 'deleted' : 'made private'
    this.#removed.set(photo.id, what)
    if (what === 'deleted') await client.delete(photo.id)
    else await client.change(photo.id, { visibility: 'private' })
    return `${photo.owner}'s ${photo.alt} is ${what}`
  }

  #followAnother = async (): Promise<string> => {
    const client = clientOf(this.#server, VIEWER)
    const owner = this.#town.next()
    if (this.#followed.delete(owner)) {
      await client.unfollow(owner)
      return `${VIEWER} does not follow ${owner} any more`
    }
    this.#followed.add(owner)
    await client.follow(owner)
    return `${VIEWER} follows ${owner}`
  }

  #isLucky(share: number): boolean {
    return this.#random.between(0, 1) < share
  }
}

function clientOf({ url, tokenOf }: Server, owner: string): DarkroomClient {
  return new DarkroomClient({ url, token: () => tokenOf(owner as OwnerId), retryMs: RETRY_MS })
}
