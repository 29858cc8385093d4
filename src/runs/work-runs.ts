import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { TakenPart } from '../catalog/runs/run-parts.ts'
import { type Log, onceAMinute } from '../log.ts'
import type { RunEngines, RunKind } from './run-kind.ts'
import { workPart } from './work-part.ts'

/** Between two questions whether something is due, while nothing is. */
const ASK_MS = 5_000

export type RunsOptions = {
  engines: RunEngines
  kinds: readonly RunKind[]
  log: Log
  /** These runs alone, and none that recurs. */
  only?: readonly number[]
  askMs?: number
}

/**
 * Takes part in all runs of these kinds, with all other servers, until disposed: of each run it works one part at a time.
 * A server that finds nothing to do asks one question every five seconds. Disposing waits for no step that runs.
 */
export function workRuns({ engines, kinds, log, only, askMs = ASK_MS }: RunsOptions): AsyncDisposable {
  const stopping = new AbortController()
  const working = new Map<number, { part: TakenPart; ended: Promise<void> }>()
  const tell = onceAMinute((fields, message) => log.warn(fields, message))
  const waiting = new Pause()
  const byName = new Map(kinds.map((kind) => [kind.name, kind]))
  let isPlanned = only !== undefined

  async function takeNext(): Promise<boolean> {
    if (!isPlanned) await planRecurring(engines, kinds)
    isPlanned = true
    const part = await engines.catalog.runParts.take({
      holder: holderName(),
      kinds: [...byName.keys()],
      except: [...working.keys()],
      ...(only && { only }),
    })
    const kind = part && byName.get(part.kind)
    if (!kind) return false
    const ended = workPart({ engines, kind, part, log, tell }, stopping.signal).finally(() => {
      working.delete(part.run)
      waiting.end()
    })
    working.set(part.run, { part, ended })
    return true
  }

  async function takeParts(): Promise<void> {
    while (!stopping.signal.aborted) {
      const isMore = await takeNext().catch((err) => {
        if (!stopping.signal.aborted) tell({ err }, 'no run can be worked for now; asking again')
        return false
      })
      if (!isMore) await waiting.for(askMs)
    }
  }

  const taking = takeParts()
  return {
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      waiting.end()
      await taking
      // Others need not wait for the leases to run out.
      const { runParts } = engines.catalog
      await Promise.allSettled([...working.values()].map(({ part }) => runParts.leave(part, 0)))
    },
  }
}

/** Runs that recur are there from the first server on. */
async function planRecurring({ catalog }: RunEngines, kinds: readonly RunKind[]): Promise<void> {
  for (const kind of kinds) {
    if (kind.pauseMs !== null) {
      const { name, pauseMs } = kind
      await catalog.recurringRuns.keep({ kind: name, slices: kind.slices({}), inSeconds: pauseMs / 1000 })
    }
  }
}

/** For operators, and no other attempt has the same. */
function holderName(): string {
  return `${hostname()} ${process.pid} ${randomBytes(4).toString('hex')}`
}

/** A pause that can be cut short, also before it begins. */
class Pause {
  #isOver = false
  #end = () => {}

  end(): void {
    this.#isOver = true
    this.#end()
  }

  async for(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#end = resolve
    if (!this.#isOver) await promise
    this.#isOver = false
    clearTimeout(timer)
  }
}
