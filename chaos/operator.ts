import { setTimeout as sleep } from 'node:timers/promises'
import { RunStateError } from '../src/catalog/runs/runs.ts'
import type { Config } from '../src/config/config.ts'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import { type Sequel, startRetry, startSequel } from '../src/reprocess/sequels.ts'
import { openCommand, type Shell } from './command.ts'
import type { Darkroom } from './darkroom.ts'
import { cancelOutdated, changePresets } from './presets.ts'
import type { Random } from './random.ts'
import { reprocessArgs } from './reprocess-args.ts'
import { AVIF, type Desk, openDesk, type RunLedger } from './run-ledger.ts'
import type { Part } from './run-looks.ts'
import { OWNERS } from './uploader.ts'
import type { Victim } from './victim.ts'

export type Act = 'start' | 'reprocess' | 'sequel' | 'pause' | 'resume' | 'cancel'
/** How often each was done. */
export type Acts = Record<Act, number>

/** Disposing ends it, as `finish` does. */
export type Operator = AsyncDisposable & {
  /** The command that begins a run and watches it. */
  victim: Victim
  finish(): Promise<Acts>
}

export type OperatorOptions = {
  config: Config
  shell: Shell
  ledger: RunLedger
  darkroom: Pick<Darkroom, 'restart'>
  random: Random
  /** When the presets are changed. */
  changesAfterMs: number
}

const BETWEEN_MS = [100, 1_000] as const
/** As they come: what is paused goes on soon. */
const ACTS: readonly Act[] = [
  ...(['start', 'reprocess', 'reprocess', 'sequel', 'pause', 'pause'] as const),
  ...(['resume', 'resume', 'resume', 'cancel'] as const),
]
const KINDS = [AVIF, AVIF, 'objects', 'lost jobs', 'earlier renditions']
const SEQUELS = ['rollback', 'rollback', 'finish', 'verify', 'retry'] as const
/** So many photos lie astray after a storm that somebody has to say so. */
const SELECTION = { accepted: 1_000 }
const MAX_OPEN = 6
const PHOTOS = 30

/**
 * Starts runs, pauses, resumes and cancels them, the servers' own as well, and looks at all of them before each act; and
 * changes the presets once.
 */
export function startOperator(options: OperatorOptions): Operator {
  const { config, shell, ledger, darkroom, random } = options
  const finishing = new AbortController()
  const command = openCommand('reprocess', shell)
  const changeAt = performance.now() + options.changesAfterMs
  const acts: Acts = { start: 0, reprocess: 0, sequel: 0, pause: 0, resume: 0, cancel: 0 }
  let isChanged = false

  const act = async (): Promise<void> => {
    if (!isChanged && performance.now() > changeAt) await change()
    await using desk = await openDesk(config)
    await ledger.look(desk)
    await cancelOutdated(desk, ledger, config)
    const name = random.pick(ACTS)
    if (await done(name, desk)) acts[name] += 1
  }
  const change = async () => {
    // What it has begun is of the presets of before.
    command.kill()
    await changePresets(config)
    isChanged = true
    darkroom.restart()
  }
  const done = async (name: Act, desk: Desk): Promise<boolean> => {
    const open = ledger.parts.filter(({ isEnded, state }) => !isEnded && state !== 'cancelled')
    const isFull = open.filter(({ recurs }) => !recurs).length >= MAX_OPEN
    if (name === 'start') return !isFull && (await start(desk))
    if (name === 'sequel') return !isFull && (await startOne(random.pick(SEQUELS), desk))
    if (name === 'reprocess') {
      if (isFull || command.isRunning) return false
      void command.run(reprocessArgs(random, OWNERS))
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
  const start = async (desk: Desk) => {
    const kind = random.pick(KINDS)
    if (kind === AVIF) await ledger.startAvif(desk, PHOTOS, String(random.between(0, 1)))
    else await desk.runs.start({ kind, selection: SELECTION, slices: [{}] })
    return true
  }
  const startOne = async (sequel: Sequel | 'retry', { catalog }: Desk) => {
    const kinds = sequel === 'retry' ? ['reprocess'] : ['reprocess', 'rollback']
    const fit = ledger.parts.filter((part: Part) => kinds.includes(part.kind))
    if (fit.length === 0) return false
    const { run } = random.pick(fit)
    const started =
      sequel === 'retry' ? await startRetry(catalog, run, null) : await startSequel(catalog, sequel, run)
    return started !== null
  }

  const acting = (async () => {
    while (!finishing.signal.aborted) {
      await act().catch(expectUnavailable)
      await sleep(random.between(...BETWEEN_MS), undefined, { signal: finishing.signal }).catch(() => {})
    }
    // A disk that is full, or one act that took long, must not spare it.
    while (!isChanged) await change().catch(expectUnavailable)
    await command[Symbol.asyncDispose]()
  })()
  acting.catch(() => {})
  const finish = async () => {
    finishing.abort()
    await acting
    return acts
  }
  return { victim: command.victim, finish, [Symbol.asyncDispose]: async () => void (await finish()) }
}

/** No engine answers, the embedded database does not run, the disk is full, or a run came to its end meanwhile. */
function expectUnavailable(error: unknown): void {
  const isExpected =
    [EngineUnavailableError, SetupError, RunStateError].some((each) => error instanceof each) ||
    (error as NodeJS.ErrnoException).code === 'ENOSPC'
  if (!isExpected) throw error
}
