import { setTimeout as sleep } from 'node:timers/promises'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { Random } from '../random.ts'
import { type Answer, type Asked, askPage, type KnownPage, type Pages } from './ask-page.ts'
import type { Follower } from './follower.ts'
import type { PageLedger, Seen } from './page-ledger.ts'

const BETWEEN_MS = [30, 400] as const
/** Of the newest page, which is asked for again and again as it may not have changed. */
const LIMIT = 10
const OTHER_LIMITS = [1, 2, 7, 30] as const
/** Out of ten: the newest page, all of the feed, around a photo, an owner's photos. */
const DOINGS = [
  'newest',
  'newest',
  'newest',
  'newest',
  'newest',
  'through',
  'around',
  'around',
  'owner',
  'owner',
] as const

export type ReaderOptions = {
  url: string
  viewer: OwnerId
  owners: readonly OwnerId[]
  tokenOf(owner: OwnerId): Promise<string>
  follower: Pick<Follower, 'follows'>
  ledger: PageLedger
  random: Random
}

/** Reads feeds, and what single owners show, in all ways there are. */
export class Reader {
  readonly findings: string[] = []
  readonly #options: ReaderOptions
  #known: KnownPage | undefined
  #seen: readonly Seen[] = []

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  async until(stop: AbortSignal): Promise<void> {
    const { random } = this.#options
    while (!stop.aborted) {
      await this.#read(random.pick(DOINGS), stop)
      await sleep(random.between(...BETWEEN_MS), undefined, { signal: stop }).catch(() => {})
    }
  }

  async #read(what: (typeof DOINGS)[number], stop: AbortSignal): Promise<void> {
    const { random, owners } = this.#options
    const newest = { cut: { side: 'newest' }, limit: LIMIT } as const
    if (what === 'owner') {
      await this.#ask(await this.#pagesOf(random.pick(owners)), { ...newest, limit: 30 })
    } else if (what === 'through') {
      await this.#readThrough(random.pick(OTHER_LIMITS), stop)
    } else if (what === 'around') {
      const [photo] = random.shuffled(this.#seen)
      if (photo)
        await this.#ask(await this.#pages(), {
          cut: { side: 'around', photo },
          limit: random.pick(OTHER_LIMITS),
        })
    } else {
      const answer = await this.#ask(await this.#pages(), newest, this.#known)
      if (answer.name === 'page') this.#known = answer.known
    }
  }

  /** From the newest photo to the oldest, and back. */
  async #readThrough(limit: number, stop: AbortSignal): Promise<void> {
    const pages = await this.#pages()
    let asked: Asked | null = { cut: { side: 'newest' }, limit }
    let isUp = false
    while (asked && !stop.aborted) {
      const answer: Answer = await this.#ask(pages, asked)
      if (answer.name !== 'page') return
      const { photos } = answer.page
      const [first, last] = [photos[0], photos.at(-1)]
      if (!isUp && answer.next === null) isUp = true
      if (isUp)
        asked =
          answer.previous && first
            ? { cut: { side: 'after', photo: first }, cursor: answer.previous, limit }
            : null
      else
        asked =
          answer.next && last ? { cut: { side: 'before', photo: last }, cursor: answer.next, limit } : null
    }
  }

  async #ask(pages: Pages, asked: Asked, known?: KnownPage): Promise<Answer> {
    const { ledger } = this.#options
    const answer = await askPage(pages, asked, known)
    if (answer.name === 'page') {
      ledger.look(answer.page)
      this.#seen = answer.page.photos
    } else if (answer.name === 'not found') {
      ledger.lookForNone(pages, asked, answer)
    } else if (answer.name === 'refused') {
      this.findings.push(`${pages.name} was answered with ${answer.status}: ${answer.text}`)
    }
    return answer
  }

  async #pages(): Promise<Pages> {
    const { url, viewer, tokenOf, follower } = this.#options
    const isOf = follower.follows.bind(follower)
    return { url, path: '/v1/feed', token: await tokenOf(viewer), name: `the feed of ${viewer}`, isOf }
  }

  async #pagesOf(owner: OwnerId): Promise<Pages> {
    const { url, viewer, tokenOf } = this.#options
    const isOf = (other: OwnerId) => other === owner
    const name = `the photos of ${owner}`
    return { url, path: `/v1/owners/${owner}/photos`, token: await tokenOf(viewer), name, isOf }
  }
}
