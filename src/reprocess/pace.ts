import { isDeepStrictEqual } from 'node:util'
import type { ReplicaLag, Replicas } from '../catalog/replicas.ts'
import type { Runs } from '../catalog/runs/runs.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import type { Pace } from '../runs/through-jobs.ts'

/** How fast a run may go: so many photos a second, and so many percent of the time; null for what is left over. */
export type PaceLimits = {
  rate: number | null
  share: number | null
  /** A replica may be so many seconds behind, 10 unless given. */
  replicaLag?: number
}

export type PaceEngines = {
  queue: Pick<JobQueue, 'oldestWaiting' | 'delayed'>
  runs: Pick<Runs, 'pace' | 'paceOf'>
  replicas: Pick<Replicas, 'lags'>
}

/** So many jobs are promised at first, and at most: more are wanted when all have ended before the next look. */
const FIRST_WINDOW = 8
const MAX_WINDOW = 512
/** A live job that has waited for longer wants the workers; and a page that took longer, the database. */
const LIVE_WAIT_MS = 1_000
const SLOW_PAGE_MS = 2_000
const LOOK_ASIDE_MS = 5_000
const REPLICA_LAG_S = 10
/** PostgreSQL tells no time before a replica has replayed something. */
const REPLICA_LAG_BYTES = 64e6
/** While a share is kept to, so long is worked between two rests. */
const TURN_MS = 2_000

const LIVE_WAITS = 'uploads and edits wait for workers: nothing is begun until they have them'
const DATABASE_SLOW = 'a database is slow'

/**
 * Keeps to the limits, and gives way by itself: nothing is promised while live jobs wait or jobs of its own can't be done,
 * as where the store or a database is unavailable; and half as much at a time after each of these, and after a page for
 * which a database took long; and nothing while a replica of one is too far behind. What holds it back is told in words.
 */
export class YieldingPace {
  readonly #engines: PaceEngines
  readonly #run: number
  #limits: PaceLimits
  #limitsLookAt = performance.now() + LOOK_ASIDE_MS
  #window = FIRST_WINDOW
  #isSlow = false
  #delayed = { count: 0, lookAt: 0 }
  #behind: { replica: string | null; lookAt: number } = { replica: null, lookAt: 0 }
  #granted: { photos: number; at: number } | null = null
  #turnEndsAt = 0
  #restsUntil = 0

  constructor(engines: PaceEngines, run: number, limits: PaceLimits) {
    this.#engines = engines
    this.#run = run
    this.#limits = limits
  }

  /** Reads a page, and notes how long that took. */
  async timed<Page>(read: () => Promise<Page>): Promise<Page> {
    const startedAt = performance.now()
    const page = await read()
    this.#isSlow = performance.now() - startedAt > SLOW_PAGE_MS
    if (this.#isSlow) this.#narrow()
    return page
  }

  readonly allow: Pace = async (open) => {
    await this.#heedChange()
    const none = (heldBecause: string) => ({ jobs: 0, heldBecause })
    if (await this.#isLiveWaiting()) {
      this.#narrow()
      return none(LIVE_WAITS)
    }
    const delayed = await this.#delayedJobs()
    if (delayed >= Math.max(2, open / 2)) {
      this.#narrow()
      return none(
        `${delayed}${delayed === MAX_WINDOW ? ' or more' : ''} jobs wait for the store, a database or workers with the same presets: darkroom jobs`,
      )
    }
    const behind = await this.#replicaBehind()
    if (behind !== null) {
      this.#narrow()
      return none(behind)
    }
    const limits = this.#limitsInWords()
    if (this.#isResting(open)) return none(limits)
    if (open === 0) this.#window = Math.min(this.#window * 2, MAX_WINDOW)
    const room = open <= this.#window / 2 ? this.#window - open : 0
    return {
      jobs: room > 0 ? await this.#grant(room) : 0,
      heldBecause: this.#isSlow ? DATABASE_SLOW : limits || null,
    }
  }

  /** An operator may have changed the limits. */
  async #heedChange(): Promise<void> {
    const now = performance.now()
    if (now < this.#limitsLookAt) return
    this.#limitsLookAt = now + LOOK_ASIDE_MS
    const limits = await this.#engines.runs.paceOf<PaceLimits>(this.#run)
    if (limits === null || isDeepStrictEqual(limits, this.#limits)) return
    this.#limits = limits
    this.#granted = null
    this.#restsUntil = 0
  }

  async #isLiveWaiting(): Promise<boolean> {
    const oldest = await this.#engines.queue.oldestWaiting('live')
    return oldest !== null && Date.now() - oldest.getTime() > LIVE_WAIT_MS
  }

  async #delayedJobs(): Promise<number> {
    const now = performance.now()
    if (now < this.#delayed.lookAt) return this.#delayed.count
    const count = await this.#engines.queue.delayed('batch', MAX_WINDOW)
    this.#delayed = { count, lookAt: now + LOOK_ASIDE_MS }
    return count
  }

  /** What is to be told of a replica that is too far behind. */
  async #replicaBehind(): Promise<string | null> {
    const now = performance.now()
    if (now < this.#behind.lookAt) return this.#behind.replica
    const most = this.#limits.replicaLag ?? REPLICA_LAG_S
    const lags = await this.#engines.replicas.lags()
    const found = lags.find(({ seconds, bytes }) =>
      seconds === null ? bytes > REPLICA_LAG_BYTES : seconds > most,
    )
    this.#behind = { replica: found ? inWords(found) : null, lookAt: now + LOOK_ASIDE_MS }
    return this.#behind.replica
  }

  /** Works for a turn, lets what is open end, and rests for as long as the share asks for. */
  #isResting(open: number): boolean {
    const { share } = this.#limits
    const now = performance.now()
    if (share === null || share >= 100) return false
    if (now < this.#restsUntil) return true
    if (this.#turnEndsAt === 0) this.#turnEndsAt = now + TURN_MS
    if (now < this.#turnEndsAt) return false
    if (open === 0) {
      const worked = TURN_MS + now - this.#turnEndsAt
      this.#restsUntil = now + (worked * (100 - share)) / share
      this.#turnEndsAt = 0
    }
    return true
  }

  /** How many of so many may begin now. */
  async #grant(photos: number): Promise<number> {
    const { rate } = this.#limits
    if (rate === null) return photos
    if (this.#granted === null) {
      const wanted = Math.min(photos, Math.max(1, Math.floor(rate)))
      const ms = await this.#engines.runs.pace(this.#run, wanted, rate)
      this.#granted = { photos: wanted, at: performance.now() + ms }
    }
    if (performance.now() < this.#granted.at) return 0
    const { photos: granted } = this.#granted
    this.#granted = null
    return granted
  }

  #limitsInWords(): string {
    const { rate, share } = this.#limits
    const limits = [
      ...(rate === null ? [] : [`${rate} photos a second`]),
      ...(share === null || share >= 100 ? [] : [`${share} % of the time`]),
    ]
    return limits.length === 0 ? '' : `it keeps to ${limits.join(' and ')}`
  }

  #narrow(): void {
    this.#window = Math.max(1, Math.floor(this.#window / 2))
  }
}

function inWords({ name, database, seconds, bytes }: ReplicaLag): string {
  const behind = seconds === null ? `${Math.round(bytes / 1e6)} MB` : `${Math.round(seconds)} s`
  return `the replica ${name} of ${database} is ${behind} behind: nothing is begun until it has caught up`
}
