import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../src/config/config.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import { openServices, type Services } from '../src/services.ts'
import { sweepJobs } from '../src/sweep/lost-jobs.ts'

const WITHIN_MS = 120_000
const POLL_MS = 500
/** Between two looks that both find nothing to do, a statement whose client was killed may still commit. */
const QUIET_POLLS = 3
const SWEEP_MS = 5_000
const AHEAD_MS = 60_000
const PAGE = 500

export type Settled = { ms: number; mended: number; isQuiet: boolean; last: string }

/**
 * Waits until no photo waits for anything and no job is left. The sweep is run as if a minute had passed, which it
 * would else be waited for; servers sweep besides.
 */
export async function settle(services: Services, log: Log): Promise<Settled> {
  const startedAt = performance.now()
  const elapsed = () => Math.round(performance.now() - startedAt)
  let [quiet, mended, sweptAt, last] = [0, 0, Number.NEGATIVE_INFINITY, '']
  while (quiet < QUIET_POLLS && elapsed() < WITHIN_MS) {
    try {
      if (performance.now() - sweptAt > SWEEP_MS) {
        sweptAt = performance.now()
        mended += await sweepJobs(services, log, new Date(Date.now() + AHEAD_MS))
      }
      last = await workLeft(services)
      quiet = last === '' ? quiet + 1 : 0
    } catch (error) {
      if (!(error instanceof EngineUnavailableError)) throw error
      last = error.message
      quiet = 0
    }
    await sleep(POLL_MS)
  }
  return { ms: elapsed(), mended, isQuiet: quiet >= QUIET_POLLS, last }
}

/** In words; empty when there is none. Failed jobs are for the account. */
async function workLeft({ queue, catalog }: Services): Promise<string> {
  const { failed: _, ...counts } = await queue.counts()
  const jobs = Object.entries(counts).filter(([, count]) => count > 0)
  const since = new Date(Date.now() + AHEAD_MS)
  const unfinished = await catalog.photos.unfinished(since, null, PAGE)
  const withoutAvif = await catalog.renditions.withoutLater(since, null, PAGE)
  return [
    ...jobs.map(([state, count]) => `${count} jobs ${state}`),
    ...(unfinished.length > 0 ? [`${unfinished.length} photos processing`] : []),
    ...(withoutAvif.length > 0 ? [`${withoutAvif.length} photos without AVIF`] : []),
  ].join(', ')
}

/** Opens them, however long it takes until every engine is back. */
export async function openServicesWhenBack(config: Config, log: Log): Promise<Services> {
  const giveUpAt = performance.now() + WITHIN_MS
  for (;;) {
    try {
      return await openServices(config, log)
    } catch (error) {
      if (performance.now() > giveUpAt) throw error
    }
    await sleep(POLL_MS)
  }
}
