import { setTimeout as sleep } from 'node:timers/promises'
import { RunStateError } from '../src/catalog/runs.ts'
import type { Config } from '../src/config/config.ts'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import type { Random } from './random.ts'
import { AVIF, type Desk, openDesk, type RunLedger } from './run-ledger.ts'

export type Act = 'start' | 'pause' | 'resume' | 'cancel'
/** How often each was done. */
export type Acts = Record<Act, number>

/** Disposing ends it, as `finish` does. */
export type Operator = AsyncDisposable & { finish(): Promise<Acts> }

const BETWEEN_MS = [300, 2_000] as const
/** As they come: what is paused goes on soon. */
const ACTS: readonly Act[] = ['start', 'start', 'pause', 'pause', 'resume', 'resume', 'resume', 'cancel']
const KINDS = [AVIF, AVIF, AVIF, 'objects', 'lost jobs', 'earlier renditions']
/** So many photos lie astray after a storm that somebody has to say so. */
const SELECTION = { accepted: 1_000 }
const MAX_OPEN = 6
const PHOTOS = 30

/** Starts runs, pauses, resumes and cancels them, the servers' own as well, and looks at all of them before each act. */
export function startOperator(config: Config, ledger: RunLedger, random: Random): Operator {
  const finishing = new AbortController()
  const acts: Acts = { start: 0, pause: 0, resume: 0, cancel: 0 }

  const act = async (): Promise<void> => {
    await using desk = await openDesk(config)
    await ledger.look(desk)
    const name = random.pick(ACTS)
    if (await done(name, desk)) acts[name] += 1
  }
  const done = async (name: Act, desk: Desk): Promise<boolean> => {
    const open = ledger.parts.filter(({ isEnded, state }) => !isEnded && state !== 'cancelled')
    if (name === 'start') {
      if (open.filter(({ recurs }) => !recurs).length >= MAX_OPEN) return false
      const kind = random.pick(KINDS)
      if (kind === AVIF) await ledger.startAvif(desk, PHOTOS, String(random.between(0, 1)))
      else await desk.runs.start({ kind, selection: SELECTION, slices: [{}] })
      return true
    }
    const fit = open.filter(({ state, recurs }) => {
      if (name === 'cancel') return !recurs
      return state === (name === 'pause' ? 'running' : 'paused')
    })
    if (fit.length === 0) return false
    await ledger.steer(desk, random.pick(fit).run, name)
    return true
  }

  const acting = (async () => {
    while (!finishing.signal.aborted) {
      await act().catch(expectUnavailable)
      await sleep(random.between(...BETWEEN_MS), undefined, { signal: finishing.signal }).catch(() => {})
    }
  })()
  acting.catch(() => {})
  const finish = async () => {
    finishing.abort()
    await acting
    return acts
  }
  return { finish, [Symbol.asyncDispose]: async () => void (await finish()) }
}

/** No engine answers, the embedded database does not run, or a run came to its end meanwhile. */
function expectUnavailable(error: unknown): void {
  const isExpected = [EngineUnavailableError, SetupError, RunStateError].some((each) => error instanceof each)
  if (!isExpected) throw error
}
