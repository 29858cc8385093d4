import { setTimeout as sleep } from 'node:timers/promises'
import type { OwnerId } from '../../src/photo/shard.ts'
import { createRandom } from '../random.ts'
import type { Attempt } from '../uploader.ts'
import { accountOfEvents, untold } from './event-account.ts'
import { Follower } from './follower.ts'
import { Listener } from './listener.ts'
import type { PageLedger } from './page-ledger.ts'
import { Reader } from './reader.ts'

/** The last follows everybody all the time. */
const VIEWERS = ['uma', 'vic', 'wes', 'xia'] as OwnerId[]
/** Whatever happened to photos was told so soon after. */
const TOLD_WITHIN_MS = 20_000
const POLL_MS = 200
/** Whoever follows an owner for so long, and goes on, is told of what is new. */
const FOLLOWED_MS = 2_000

export type ReadersOptions = {
  seed: number
  /** Of all servers. */
  urls: readonly string[]
  /** Who upload, and listen to what comes of it. */
  uploaders: readonly OwnerId[]
  /** Whose photos there are besides. */
  others: readonly OwnerId[]
  tokenOf(owner: OwnerId): Promise<string>
  ledger: PageLedger
}

/** What was read and told, how often somebody changed whom they follow, and what was not as it was promised. */
export type Read = { pages: number; events: number; follows: number; findings: readonly string[] }

/** Disposing ends them. */
export type Readers = AsyncDisposable & {
  /** Ends them when nothing happens any more. */
  finish(attempts: readonly Attempt[]): Promise<Read>
}

/**
 * Viewers who follow others and do so no more, and read their feeds meanwhile, each on two phones; they and the owners
 * listen to what happens. Resolves when they do.
 */
export async function startReaders({
  seed,
  ledger,
  uploaders,
  others,
  urls,
  tokenOf,
}: ReadersOptions): Promise<Readers> {
  const finishing = new AbortController()
  const owners = [...uploaders, ...others]
  /** Each asks one server all the time, the next one the next. */
  let next = 0
  const api = () => ({ url: urls[next++ % urls.length] as string, tokenOf })
  const viewers = VIEWERS.map((viewer) => {
    const randomOf = (use: string) => createRandom(seed, `${use} of ${viewer}`)
    const follower = new Follower({
      ...api(),
      owners,
      viewer,
      random: randomOf('follower'),
      isSteady: viewer === VIEWERS.at(-1),
    })
    const phones = ['phone', 'other phone'].map(
      (use) => new Reader({ ...api(), owners, viewer, follower, ledger, random: randomOf(use) }),
    )
    return { follower, phones, listener: new Listener({ ...api(), viewer, random: randomOf('listener') }) }
  })
  const ownListeners = uploaders.map(
    (viewer) => new Listener({ ...api(), viewer, random: createRandom(seed, `listener of ${viewer}`) }),
  )
  const listeners = [...ownListeners, ...viewers.map(({ listener }) => listener)]
  const all = [...listeners, ...viewers.flatMap(({ follower, phones }) => [follower, ...phones])]
  const reading = Promise.all(all.map((one) => one.until(finishing.signal)))
  const end = async () => {
    finishing.abort()
    await reading
  }

  const eventsMissed = (attempts: readonly Attempt[]) => {
    const isOwn = new Set(uploaders)
    const from = ({ createdAt }: { createdAt: string }) =>
      Date.parse(createdAt) - performance.timeOrigin - FOLLOWED_MS
    const seen = ledger.seen.filter(({ owner }) => isOwn.has(owner))
    return [
      ...ownListeners.flatMap(({ viewer, told }) =>
        accountOfEvents(
          attempts.filter(({ owner }) => owner === viewer),
          told,
        ),
      ),
      ...viewers.flatMap(({ follower, listener: { viewer, told } }) => {
        const news = seen.filter((photo) => follower.follows(photo.owner, from(photo), Infinity))
        return untold(news, told).map((missed) => `the events of ${viewer}: ${missed}`)
      }),
    ]
  }

  await Promise.all(listeners.map(({ begun }) => begun))
  return {
    finish: async (attempts) => {
      const giveUpAt = performance.now() + TOLD_WITHIN_MS
      let missed = eventsMissed(attempts)
      while (missed.length > 0 && performance.now() < giveUpAt) {
        await sleep(POLL_MS)
        missed = eventsMissed(attempts)
      }
      await end()
      return {
        pages: ledger.pages,
        events: listeners.reduce((sum, { told }) => sum + told.length, 0),
        follows: viewers.reduce((sum, { follower }) => sum + follower.changes, 0),
        findings: [...ledger.findings, ...missed, ...all.flatMap(({ findings }) => findings)],
      }
    },
    [Symbol.asyncDispose]: end,
  }
}
