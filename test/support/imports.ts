import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createAdopt } from '../../src/import/run/adopt.ts'
import type { Choices } from '../../src/import/run/decide.ts'
import { ADOPTED, COPIED, IMPORT, type ImportWork, importRun } from '../../src/import/run/import-run.ts'
import { Pace } from '../../src/import/run/pace.ts'
import type { SettledLine } from '../../src/import/run/settled-line.ts'
import { createTakeIn, type TakeInEngines } from '../../src/import/run/take-in.ts'
import { openSource, type Source, type SourceEngines, type SourceOptions } from '../../src/import/source.ts'
import { createKeep } from '../../src/ingest/ingest.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { work } from './runs.ts'
import { silentLog, type TestService } from './service.ts'

export const CHOICES: Choices = {
  owner: 'alice' as OwnerId,
  ownerFrom: null,
  visibility: 'public',
  postedAt: 'exif',
}

export type ImportWish = {
  names: readonly string[]
  choices?: Partial<Choices>
  options?: Partial<SourceOptions>
  maxFailures?: number
  engines?: Partial<TakeInEngines>
  adopt?: boolean
  /** How many lines are at work at a time, and recorded by a step. */
  size?: Pick<ImportWork, 'atOnce' | 'stepLines'>
  isOwn?: (from: string) => boolean
  /** A bucket by its URL. */
  openBucket?: SourceEngines['openBucket']
  /** How many photos wait for workers. */
  waiting?: (upTo: number) => Promise<number>
}

/** An import as `darkroom import` works it, on the engines of a service. */
export function importOf(
  service: TestService,
  { names, choices, options, maxFailures = 1, engines, waiting, adopt, size, isOwn, openBucket }: ImportWish,
) {
  const { catalog, store, queue, filters, config } = service
  const keep = createKeep({
    catalog,
    store,
    maxUploadBytes: config.maxUploadBytes,
    interrupt: new AbortController().signal,
  })
  const open = async (): Promise<Source> =>
    await openSource(
      names,
      { as: null, withOriginals: false, root: null, ...options },
      { openBucket: openBucket ?? (() => expect.fail('no bucket was named')), temporary: config.home },
    )
  const importWork: ImportWork = {
    openSource: open,
    createTakeIn: (source, run) => {
      const takeIn = { run, source: source.name, choices: { ...CHOICES, ...choices }, exifOffset: null }
      const { adoptions, imports } = catalog
      const { maxUploadBytes } = config
      return adopt
        ? createAdopt({ adoptions, filters, maxUploadBytes, isOwn: isOwn ?? (() => false) }, takeIn)
        : createTakeIn({ imports, keep, store, queue, filters, log: silentLog, ...engines }, takeIn)
    },
    ...(size ?? (adopt ? ADOPTED : COPIED)),
    pace: new Pace({ rate: null }, waiting ?? (async (upTo) => await catalog.imports.waiting(upTo))),
    maxFailures,
    reportPath: (run) => join(config.home, `run-${run}.ndjson`),
  }
  return { kind: importRun(importWork), reportPath: importWork.reportPath }
}

/** Imports to the end, and returns the run and its report by path. */
export async function importAll(service: TestService, wish: ImportWish) {
  const { runs } = service.catalog
  const { kind, reportPath } = importOf(service, wish)
  const run = await runs.start({ kind: IMPORT, selection: {}, slices: [{}] })
  await using _working = work({ engines: service }, [kind])
  await expect.poll(async () => (await runs.find(run)).state).not.toBe('running')
  return { run: await runs.find(run), lines: await readReport(reportPath(run)) }
}

type Reported = SettledLine & { line: number }

export async function readReport(path: string): Promise<Record<string, Reported>> {
  return Object.fromEntries((await readLines(path)).map((line) => [line.path, line]))
}

export async function readLines(path: string): Promise<Reported[]> {
  const lines = (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ line }) => line)).toEqual(lines.map((_, index) => index + 1))
  return lines
}
