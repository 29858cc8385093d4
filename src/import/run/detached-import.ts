import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import type { RunKind } from '../../runs/run-kind.ts'
import type { ImportOptions } from '../import-options.ts'
import type { SourceEngines } from '../source.ts'
import type { ImportCursor } from './import-run.ts'
import type { ImportEngines } from './import-work.ts'

export const DETACHED_IMPORT = 'import-detached'

/** What such a run is started with, as JSON: what lies in buckets, and the options of the command. */
type Detached = {
  names: readonly string[]
  limits: Pick<ImportOptions, 'rate' | 'share' | 'maxFailures'>
} & Record<string, unknown>

/**
 * An import that any server works, of what any of them can read. Each that takes it on writes a report of its own, which
 * begins with the line behind the last one that was recorded: where a line stands in two of them the later one counts.
 */
export function detachedImport(
  config: Config,
  engines: Omit<ImportEngines, 'log'> & Pick<SourceEngines, 'openBucket'>,
): RunKind {
  return {
    name: DETACHED_IMPORT,
    pauseMs: null,
    slices: () => [{}],
    work: async function* (runEngines, part, log) {
      // What reads archives, lists and exports takes 10 MB, which a server has no other use for.
      const { openSource } = await import('../source.ts')
      const { importRun } = await import('./import-run.ts')
      const { importWork, sourceOptions } = await import('./import-work.ts')
      const { names, limits, ...selection } = part.selection as Detached
      const options = { ...read(selection), ...limits }
      const open = async () =>
        await openSource(names, sourceOptions(options), {
          openBucket: engines.openBucket,
          temporary: config.home,
        })
      const work = importWork(config, { ...engines, log }, { open, options })
      const cursor = part.cursor as ImportCursor | null
      const from = (cursor?.lines ?? 0) + 1
      const reportPath = (run: number) => join(config.home, 'imports', `run-${run}-from-${from}.ndjson`)
      const begun = { ...part, cursor: cursor && { ...cursor, reportBytes: 0 } }
      yield* importRun({ ...work, reportPath }).work(runEngines, begun, log)
    },
  }
}

/** The options as the command had them. */
function read({ ownerFrom, postedAt, ...options }: Record<string, unknown>): ImportOptions {
  const isWord = postedAt === 'exif' || postedAt === 'mtime'
  return {
    ...(options as ImportOptions),
    ...(ownerFrom !== undefined && { ownerFrom: new RegExp(String(ownerFrom), 'u') }),
    postedAt: isWord ? postedAt : new RegExp(String(postedAt), 'u'),
  }
}
