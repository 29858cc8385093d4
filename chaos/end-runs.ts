import { setTimeout as sleep } from 'node:timers/promises'
import type { RunReport } from '../src/catalog/runs/reported-runs.ts'
import { RunStateError } from '../src/catalog/runs/runs.ts'
import type { Config } from '../src/config/config.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import type { JobQueue } from '../src/queue/job-queue.ts'
import { stillWithout } from './forgotten-avif.ts'
import { cancelOutdated } from './presets.ts'
import { AVIF, type Desk, type RunLedger } from './run-ledger.ts'

const WITHIN_MS = 120_000
const POLL_MS = 500
/** Servers ask every five seconds whether there is something to do. */
const STILL_MS = 8_000
const PHOTOS = 20

/**
 * When all is calm: a run that is paused makes nothing, one that is cancelled is over, and the others come to their ends.
 * The ledger has what is not so.
 */
export async function endRuns(
  desk: Desk,
  { queue, config }: { queue: Pick<JobQueue, 'counts'>; config: Pick<Config, 'presetsFile'> },
  ledger: RunLedger,
): Promise<void> {
  const steer = async (verb: 'pause' | 'resume' | 'cancel', runs: readonly RunReport[]) => {
    for (const { id } of runs) {
      await ledger.steer(desk, id, verb).catch((error) => {
        if (!(error instanceof RunStateError)) throw error
      })
    }
  }
  /** Asks for the steps that lead there until it is so. */
  const until = async (what: string, isSo: (runs: readonly RunReport[]) => Promise<boolean>) => {
    const giveUpAt = performance.now() + WITHIN_MS
    while (performance.now() < giveUpAt) {
      try {
        await ledger.look(desk)
        if (await isSo(await desk.runs.list())) return
      } catch (error) {
        if (!(error instanceof EngineUnavailableError)) throw error
      }
      await sleep(POLL_MS)
    }
    const states = (await desk.runs.list()).map(({ id, kind, state }) => `${id} (${kind}) ${state}`)
    ledger.findings.add(`${what} within ${WITHIN_MS / 1000} s of calm: ${states.join(', ')}`)
  }

  await ledger.startAvif(desk, PHOTOS, 'the last')
  await until('runs were not paused', async (runs) => {
    await cancelOutdated(desk, ledger, config)
    const going = runs.filter(
      ({ kind, recurs, state }) =>
        (kind === AVIF || !recurs) && !isOver(state) && state !== 'paused' && state !== 'stopped',
    )
    await steer('pause', going)
    const { failed: _, ...counts } = await queue.counts('batch')
    return going.length === 0 && Object.values(counts).every((count) => count === 0)
  })
  const forgotten = await ledger.forgetAvif(desk, PHOTOS, 'while all is paused')
  await sleep(STILL_MS)
  const made = forgotten.length - (await stillWithout(desk.shards, forgotten)).length
  if (made > 0) ledger.findings.add(`${made} photos got AVIF while all runs of it were paused`)

  await ledger.look(desk)
  const isOwn = ({ recurs, state }: RunReport) => !recurs && !isOver(state)
  await steer('cancel', (await desk.runs.list()).filter(isOwn).slice(1))
  await until('runs did not end', async (runs) => {
    await steer(
      'resume',
      runs.filter(({ state }) => state === 'paused' || state === 'pausing'),
    )
    return !runs.some((run) => isOwn(run) || (run.recurs && run.state === 'paused'))
  })
  await ledger.look(desk)
}

function isOver(state: RunReport['state']): boolean {
  return state === 'complete' || state === 'cancelled'
}
