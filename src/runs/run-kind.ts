import type { Catalog } from '../catalog/catalog.ts'
import type { CostsOf } from '../catalog/runs/costs.ts'
import type { Tally } from '../catalog/runs/reported-runs.ts'
import type { TakenPart } from '../catalog/runs/run-parts.ts'
import type { PhotoFailure } from '../catalog/runs/runs.ts'
import type { Cdn } from '../delivery/cdn.ts'
import type { Log } from '../log.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import type { ObjectStore } from '../storage/object-store.ts'

export type RunEngines = { catalog: Catalog; queue: JobQueue; store: ObjectStore; cdn: Cdn }

/** What came of the photos between the last step and this one. What is left out is none. */
export type Step = {
  /** Everything up to here is counted, now or before, or in flight. Kept as JSON. */
  cursor: unknown
  /** What is promised from now on and not counted yet: it is recorded before it is done. Kept as JSON. */
  inFlight?: readonly unknown[]
  done?: number
  skipped?: number
  failed?: readonly PhotoFailure[]
  /** Added to what the part counted before. */
  tally?: Tally
  /** What these photos took is counted with the step. */
  costsOf?: CostsOf | null
  /** No more until then: the part waits where it is. */
  dueInMs?: number
  /** What holds it back, in words for an operator: it goes on, but does less than it could. */
  heldBecause?: string | null
}

/** A part of a run, to go on with. `pausing` is aborted when nothing new shall begin. */
export type PartAtWork = Pick<
  TakenPart,
  'run' | 'part' | 'recurs' | 'selection' | 'slice' | 'cursor' | 'inFlight'
> & {
  pausing: AbortSignal
}

/**
 * What is done to many photos. A kind is an entry of src/run-kinds.ts; everything else, such as who does it, how far it
 * has come, and what becomes of it when a server dies, is the engine's.
 */
export type RunKind = {
  name: string
  /** From the end of one lap to the beginning of the next; null when a run of the kind is started by somebody, and ends. */
  pauseMs: number | null
  /** Into how many parts a run is cut: each is worked by one server at a time. Kept as JSON. */
  slices(selection: unknown): readonly unknown[]
  /**
   * How many photos a part selects; null when that can't be told yet, or `pausing` was aborted before. All parts are counted
   * before one is worked. Without it photos are counted as they are met.
   */
  count?(engines: RunEngines, part: PartAtWork): Promise<number | null>
  /**
   * Goes on from the part's cursor to its end. The engine records each step before it asks for the next, and may ask for
   * no more after any: whoever goes on begins from the last one that was recorded, so doing the work between two of them
   * twice must change nothing. Ends early, without new work, when `pausing` is aborted.
   *
   * A run that recurs goes on past databases that are unavailable, whose photos its next lap finds; where `recurs` is false the
   * catalog leaves none out, and throws.
   *
   * Throws SetupError when it must not go on until somebody has set something right, and EngineUnavailableError when it
   * can't go on for now.
   */
  work(engines: RunEngines, part: PartAtWork, log: Log): AsyncIterable<Step>
}
