import type { Tally } from '../../catalog/runs/reported-runs.ts'
import type { PhotoFailure } from '../../catalog/runs/runs.ts'
import { SetupError } from '../../errors.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import type { RunKind, Step } from '../../runs/run-kind.ts'
import type { Line } from '../line.ts'
import type { Source } from '../source.ts'
import { ADOPTED_AT_ONCE } from './adopt.ts'
import { inOrder } from './in-order.ts'
import type { Pace } from './pace.ts'
import { ReportFile } from './report-file.ts'
import type { SettledLine } from './settled-line.ts'

const STEP_MS = 1_000

/** What is copied is read to its end; what is adopted is recorded by the batch, while another gathers. */
export const COPIED = { atOnce: 16, stepLines: 50 }
export const ADOPTED = { atOnce: 2 * ADOPTED_AT_ONCE, stepLines: ADOPTED_AT_ONCE }

/** How far an import is: so many lines have ended, of which the last is that one; and how long its report is. */
export type ImportCursor = { lines: number; last: string; reportBytes: number }

export type ImportWork = {
  openSource(): Promise<Source>
  /** Lines are numbered from 1. */
  createTakeIn(source: Source, run: number): (line: Line, number: number) => Promise<SettledLine>
  /** So many lines are at work at a time, and taken in again at most by whoever goes on after a kill. */
  atOnce: number
  /** A step is recorded after so many lines, or a second. */
  stepLines: number
  /** Waits until another line may be begun. */
  pace: Pace
  /** The run stops when more than that share of its lines failed; 1 never. */
  maxFailures: number
  reportPath(run: number): string
}

export const IMPORT = 'import'

/**
 * An import as a run, worked by the process that can read its source: others see it and steer it. Lines end in the order
 * that the source has them, so a cursor says which have; each is in the report once, and counted once: done when it was
 * taken in, skipped when nothing was to be, and failed when it was refused or is missing.
 */
export function importRun(work: ImportWork): RunKind {
  return {
    name: IMPORT,
    pauseMs: null,
    slices: () => [{}],
    work: async function* (_engines, part) {
      await using source = await work.openSource()
      const takeIn = work.createTakeIn(source, part.run)
      const cursor = part.cursor as ImportCursor | null
      const begun = cursor?.lines ?? 0
      await using report = await ReportFile.open(work.reportPath(part.run), cursor?.reportBytes ?? 0)
      const leaving = new AbortController()
      const lines = inOrder(
        afterCursor(source.lines(), cursor),
        async (line, index) => await takeIn(line, begun + index + 1),
        {
          atOnce: work.atOnce,
          stop: AbortSignal.any([part.pausing, leaving.signal]),
          admit: (stop) => work.pace.admit(stop),
        },
      )
      const failures = new Failures(work.maxFailures)
      let number = begun
      let at = cursor
      for await (const ended of inSteps(lines, { pace: work.pace, stepLines: work.stepLines, leaving })) {
        const { heldBecause } = work.pace
        if (ended.length === 0) {
          yield { cursor: at, heldBecause }
          continue
        }
        const numbered = ended.map((line, index) => ({ line: number + index + 1, ...line }))
        const reportBytes = await report.write(numbered)
        number += ended.length
        const last = ended.at(-1)?.path ?? ''
        at = { lines: number, last, reportBytes }
        const step = { ...stepOf(numbered, at), heldBecause }
        yield step
        failures.count(step)
      }
    },
  }
}

/** The lines behind the cursor. Throws SetupError when the source is no more what it was. */
async function* afterCursor(lines: AsyncIterable<Line>, cursor: ImportCursor | null): AsyncGenerator<Line> {
  const done = cursor?.lines ?? 0
  let count = 0
  for await (const line of lines) {
    count += 1
    if (count > done) yield line
    else if (count === done && pathOf(line) !== cursor?.last) throw changed()
  }
  if (count < done) throw changed()
}

function changed(): SetupError {
  return new SetupError(
    'The source has changed since this run began. Cancel it, and import again: what is there is found.',
  )
}

function pathOf(line: Line): string {
  return line.kind === 'file' ? line.file.path : line.path
}

/** Lines by the step that they are recorded in; none when what holds them back is another than before. */
async function* inSteps(
  lines: AsyncGenerator<SettledLine>,
  {
    pace,
    stepLines,
    leaving,
  }: Pick<ImportWork, 'stepLines'> & { pace: Pick<Pace, 'heldBecause'>; leaving: AbortController },
): AsyncGenerator<SettledLine[]> {
  let step: SettledLine[] = []
  let told: string | null = null
  let since = performance.now()
  const begin = () => {
    const next = lines.next()
    // Thrown when it is waited for, and nowhere else: a step may be recorded meanwhile, and fail.
    next.catch(() => {})
    return next
  }
  let next = begin()
  try {
    for (;;) {
      const ended = await within(next, STEP_MS)
      if (ended?.done) break
      if (ended) {
        step.push(ended.value)
        next = begin()
      }
      const isDue = step.length === stepLines || performance.now() - since >= STEP_MS
      if (!isDue || (step.length === 0 && pace.heldBecause === told)) continue
      told = pace.heldBecause
      yield step
      step = []
      since = performance.now()
    }
    if (step.length > 0) yield step
  } finally {
    // The next line may be waited for, and will not be begun.
    leaving.abort()
    await lines.return(undefined)
  }
}

/** What the promise becomes, or null when it is not that soon. */
async function within<Result>(promise: Promise<Result>, ms: number): Promise<Result | null> {
  const { promise: first, resolve, reject } = Promise.withResolvers<Result | null>()
  const timer = setTimeout(() => resolve(null), ms)
  promise.then(resolve, reject)
  return await first.finally(() => clearTimeout(timer))
}

function stepOf(lines: readonly (SettledLine & { line: number })[], cursor: ImportCursor): Step {
  const tally: Record<string, number> = {}
  const add = (name: string, count: number) => {
    tally[name] = (tally[name] ?? 0) + count
  }
  const failed: PhotoFailure[] = []
  for (const { line, path, outcome, code, message, postedAt, bytes } of lines) {
    add(code === null ? outcome : `${outcome}: ${code}`, 1)
    if (outcome === 'imported') {
      add('bytes', bytes)
      if (postedAt === null) add('without a time', 1)
    }
    // @NOTE A line that failed has no photo: its number stands for it, and the path is in the message.
    if (outcome === 'refused' || outcome === 'missing')
      failed.push({
        photoId: String(line) as PhotoId,
        code: code ?? outcome,
        message: `${path}: ${message}`,
        attempts: 1,
      })
  }
  const done = lines.filter(({ outcome }) => outcome === 'imported').length
  return { cursor, done, skipped: lines.length - done - failed.length, failed, tally: tally satisfies Tally }
}

/** Before a share of failures says anything. */
const LEAST_LINES = 100

/** Watches how many lines fail, from when the run was begun or gone on with. */
class Failures {
  readonly #max: number
  #lines = 0
  #failed = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Throws SetupError when they are too many. */
  count({ done = 0, skipped = 0, failed = [] }: Step): void {
    this.#lines += done + skipped + failed.length
    this.#failed += failed.length
    if (this.#lines < LEAST_LINES || this.#failed <= this.#max * this.#lines) return
    throw new SetupError(
      `${this.#failed} of ${this.#lines} lines failed, which is more than --max-failures. Look at them, then resume the run.`,
    )
  }
}
