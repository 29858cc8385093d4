import type { OwnerId } from '../../src/photo/shard.ts'
import { createRandom } from '../random.ts'
import { Follower } from './follower.ts'
import type { PageLedger } from './page-ledger.ts'
import { Reader } from './reader.ts'

const VIEWERS = ['uma', 'vic', 'wes'] as OwnerId[]

export type ReadersOptions = {
  seed: number
  url: string
  owners: readonly OwnerId[]
  tokenOf(owner: OwnerId): Promise<string>
  ledger: PageLedger
}

/** What was read, how often somebody followed somebody or did so no more, and what was not as it was promised. */
export type Read = { pages: number; follows: number; findings: readonly string[] }

/** Disposing lets them end. */
export type Readers = AsyncDisposable & { finish(): Promise<Read> }

/** Viewers who follow others and do so no more, and read their feeds meanwhile, each on two phones. */
export function startReaders({ seed, ledger, ...options }: ReadersOptions): Readers {
  const finishing = new AbortController()
  const viewers = VIEWERS.map((viewer) => {
    const randomOf = (use: string) => createRandom(seed, `${use} of ${viewer}`)
    const follower = new Follower({ ...options, viewer, random: randomOf('follower') })
    const phones = ['phone', 'other phone'].map(
      (use) => new Reader({ ...options, viewer, follower, ledger, random: randomOf(use) }),
    )
    return { follower, phones }
  })
  const all = viewers.flatMap(({ follower, phones }) => [follower, ...phones])
  const reading = Promise.all(all.map((one) => one.until(finishing.signal)))
  const finish = async () => {
    finishing.abort()
    await reading
    return {
      pages: ledger.pages,
      follows: viewers.reduce((sum, { follower }) => sum + follower.changes, 0),
      findings: [...ledger.findings, ...all.flatMap(({ findings }) => findings)],
    }
  }
  return { finish, [Symbol.asyncDispose]: async () => void (await finish()) }
}
