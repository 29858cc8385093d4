import { setInterval as every } from 'node:timers/promises'
import type { StoredState } from '../catalog/runs/reported-runs.ts'
import type { TakenPart } from '../catalog/runs/run-parts.ts'
import { DarkroomError, EngineUnavailableError, SetupError } from '../errors.ts'
import type { Log, Telling } from '../log.ts'
import type { RunEngines, RunKind, Step } from './run-kind.ts'

const RENEW_MS = 5_000
/** Until a part is tried again whose database, queue or store was unavailable; and one that met a fault of ours. */
const UNAVAILABLE_S = 10
const FAULT_S = 60
/** And until one is asked again that could not be counted yet. */
const UNCOUNTED_S = 1

/** Another server goes on with the part, as this one was held up for too long. */
class PartLostError extends DarkroomError {
  readonly code = 'part_lost'
}

/**
 * Works a part of a run until its end, until the run is paused or stopped, or until `stop`: then it can be cut anywhere,
 * and whoever takes it next goes on from its last step. Whatever happens is logged, and never thrown.
 */
export async function workPart(
  {
    engines: all,
    kind,
    part,
    log,
    tell,
  }: { engines: RunEngines; kind: RunKind; part: TakenPart; log: Log; tell: Telling },
  stop: AbortSignal,
): Promise<void> {
  // What recurs leaves out a database that is unavailable, and finds its photos in another lap. What ends leaves out none.
  const engines = part.recurs ? all : { ...all, catalog: all.catalog.exact() }
  const { runParts } = engines.catalog
  const paused = new AbortController()
  /** Whoever stops begins nothing new either: another server goes on with it at once. */
  const pausing = AbortSignal.any([paused.signal, stop])
  const ended = new AbortController()
  const heed = (state: StoredState | null) => {
    if (state === null) throw new PartLostError('The lease of the part was lost.')
    if (state !== 'running') paused.abort()
  }
  const renewing = renew(
    async () => heed(await runParts.extend(part)),
    paused,
    AbortSignal.any([ended.signal, stop]),
  )
  const record = recorder(part)
  try {
    const atWork = { ...part, pausing }
    if (kind.count && part.selected === null) {
      const selected = await kind.count(engines, atWork)
      if (selected === null) return await runParts.leave(part, UNCOUNTED_S)
      heed(
        await runParts.move(part, { ...record({ cursor: part.cursor, inFlight: part.inFlight }), selected }),
      )
      return await runParts.leave(part, 0)
    }
    for await (const step of kind.work(engines, atWork, log)) {
      if (stop.aborted) return
      heed(await runParts.move(part, record(step)))
      if (step.dueInMs !== undefined) {
        return await runParts.leave(part, step.dueInMs / 1000, step.heldBecause ?? null)
      }
    }
    if (pausing.aborted) return await runParts.leave(part, 0)
    await runParts.end(part, (kind.pauseMs ?? 0) / 1000)
    if (!part.recurs) await tellComplete()
  } catch (error) {
    if (!stop.aborted) await giveBack(error)
  } finally {
    ended.abort()
    await renewing
  }

  async function tellComplete(): Promise<void> {
    const { state, selected, done, skipped, failed } = await engines.catalog.runs.find(part.run)
    if (state !== 'complete') return
    log.info({ run: part.run, kind: kind.name, selected, done, skipped, failed }, 'run complete')
  }

  async function giveBack(error: unknown): Promise<void> {
    const fields = { run: part.run, kind: kind.name, part: part.part, err: error }
    const because = error instanceof Error ? error.message : String(error)
    if (error instanceof PartLostError) {
      return log.warn(fields, 'this server was held up, and another goes on with its part of a run')
    }
    if (error instanceof SetupError) {
      log.error(
        fields,
        part.recurs ? 'a run must not go on; it is tried again' : 'a run must not go on; it is stopped',
      )
      if (!part.recurs) await engines.catalog.runs.stop(part.run, because).catch(() => {})
      return await runParts.leave(part, (kind.pauseMs ?? 0) / 1000, because).catch(() => {})
    }
    const isUnavailable = error instanceof EngineUnavailableError
    if (isUnavailable) tell(fields, 'a part of a run waits for an engine that is unavailable')
    else log.error(fields, 'a part of a run failed; it is tried again in a minute')
    // When this fails too, its lease runs out.
    await runParts.leave(part, isUnavailable ? UNAVAILABLE_S : FAULT_S, because).catch(() => {})
  }
}

/** Makes moves of steps, with the tally of the part from its beginning. */
function recorder(part: TakenPart) {
  const tally = { ...part.tally }
  return ({
    cursor,
    inFlight = [],
    done = 0,
    skipped = 0,
    failed = [],
    tally: more = {},
    costsOf = null,
    heldBecause = null,
  }: Step) => {
    for (const [name, count] of Object.entries(more)) tally[name] = (tally[name] ?? 0) + count
    return { cursor, inFlight, done, skipped, failed, tally, costsOf, selected: null, heldBecause }
  }
}

/** Keeps the part while a step takes long. One that is lost is noticed by the next step. */
async function renew(
  extend: () => Promise<void>,
  pausing: AbortController,
  ended: AbortSignal,
): Promise<void> {
  try {
    for await (const _ of every(RENEW_MS, null, { signal: ended })) {
      await extend().catch((error) => {
        if (error instanceof PartLostError) pausing.abort()
      })
    }
  } catch (error) {
    if (!ended.aborted) throw error
  }
}
