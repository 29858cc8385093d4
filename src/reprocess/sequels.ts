import type { Catalog } from '../catalog/catalog.ts'
import type { RunReport } from '../catalog/runs/reported-runs.ts'
import { RunStateError, type Steering } from '../catalog/runs/runs.ts'
import type { Source } from '../catalog/runs/selected-photos.ts'
import type { Reprocess } from './reprocess.ts'
import type { ReprocessSlice } from './slice.ts'
import type { AsideSelection } from './through-aside.ts'

/** What can be done with a run of `reprocess`, or with one that rolled it back, when it is not going on. */
export const SEQUELS = ['rollback', 'finish', 'verify'] as const
export type Sequel = (typeof SEQUELS)[number]

/**
 * Starts a run that acts on what another showed. Returns its number. What a rollback has nothing of before to show of stays
 * ready, as it had failed: how many these are stands in its selection. Throws RunStateError when that can't be, and
 * RunChangedError when another version was seen of the run that it follows, or somebody else was first.
 */
export async function startSequel(
  catalog: Catalog,
  sequel: Sequel,
  id: number,
  steering: Steering = {},
): Promise<number> {
  const run = await catalog.runs.find(id)
  refuse(run, sequel, ['reprocess', 'rollback'])
  const { keepSeconds } = keptBy(run)
  const stayReady = sequel === 'rollback' ? run.costs.mended : 0
  const selection = { run: id, keepSeconds, ...(stayReady > 0 && { stayReady }) }
  await catalog.runs.claim(id, { ...steering, version: steering.version ?? run.version })
  return await catalog.runs.start({
    kind: sequel,
    selection,
    slices: catalog.selected.places().map((shards) => ({ shards })),
  })
}

/**
 * Starts a run of the photos that failed in another, all or those of a code; it finds them page by page, however many they are.
 * Returns its number, or null when none did.
 * Throws as startSequel does.
 */
export async function startRetry(
  catalog: Catalog,
  id: number,
  code: string | null,
  steering: Steering = {},
): Promise<number | null> {
  const run = await catalog.runs.find(id)
  // @NOTE What failed in it are lines, which have no photos: their numbers stand where those of others have ids.
  if (run.kind.startsWith('import')) {
    throw new RunStateError(
      `Run ${id} is an import. Mend what failed in it and give the same \`darkroom import\` again: it takes in what is missing, and nothing twice.`,
    )
  }
  refuse(run, 'retry', ['reprocess'])
  const failed = await catalog.runFailures.page(id, { code, after: null, limit: 1 })
  if (failed.length === 0) return null
  const { draw: _, canary: __, isCanaryMade: ___, estimate: ____, ...before } = run.selection as Reprocess
  const source: Source = { by: 'failure', run: id, code }
  const slices: ReprocessSlice[] = [{ sources: [source] }]
  const selection = { ...before, select: { ...before.select, state: 'all' }, limit: null, retries: id }
  await catalog.runs.claim(id, { ...steering, version: steering.version ?? run.version })
  return await catalog.runs.start({ kind: run.kind, selection, slices })
}

function keptBy({ kind, selection }: RunReport): { keepSeconds: number } {
  return kind === 'reprocess' ? (selection as Reprocess).work : (selection as AsideSelection)
}

function refuse({ id, kind, state }: RunReport, what: string, kinds: readonly string[]): void {
  if (!kinds.includes(kind)) {
    throw new RunStateError(`Run ${id} is of the kind "${kind}", so there is nothing to ${what}.`)
  }
  if (state === 'running' || state === 'pausing') {
    throw new RunStateError(
      `Run ${id} is ${state}. \`darkroom runs pause ${id}\` first, or wait for its end.`,
    )
  }
}
