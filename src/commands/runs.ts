import { Command, InvalidArgumentError, Option } from 'commander'
import type { Catalog } from '../catalog/catalog.ts'
import type { RunReport } from '../catalog/runs/reported-runs.ts'
import type { RunFailures } from '../catalog/runs/run-failures.ts'
import type { Runs } from '../catalog/runs/runs.ts'
import type { Config } from '../config/config.ts'
import { addedAt } from '../photo/photo-id.ts'
import type { Sequel } from '../reprocess/sequels.ts'
import type { OwnedFailure } from './runs/failure-report.ts'

const EXPLANATION = `
What acts on many photos is a run: servers share its parts, and go on with it when one of them dies. Photos are
selected = done + skipped + failed + left, at every moment. Those that recur are the servers' own.

Exit codes: 0 complete, 1 wrong usage or set-up, 2 complete with failures, 3 stopped before its end.`

const PAGE = 1_000

export function runsCommand(): Command {
  return new Command('runs')
    .description('Show every run: what it does, its state, and how far it has come.')
    .enablePositionalOptions()
    .option('--json', 'as one array')
    .addHelpText('after', EXPLANATION)
    .action(async ({ json }: { json?: true }) => {
      const { listReport } = await import('./runs/run-report.ts')
      await withRuns(async (runs) => {
        const all = await runs.list()
        console.log(json ? JSON.stringify(all) : listReport(all, new Date()))
      })
    })
    .addCommand(
      onRun('show', 'Show one run in full. Its exit code tells how it ended; 0 while it has not.')
        .option('--json', 'as one object')
        .action(async (id: number, { json }: { json?: true }) => {
          const { runReport } = await import('./runs/run-report.ts')
          const { exitCodeOf } = await import('./runs/watch-run.ts')
          const { readPrices } = await import('../reprocess/prices.ts')
          const { costReport } = await import('./reprocess/cost-report.ts')
          const { expectedOf } = await import('../reprocess/expected.ts')
          await withCatalog(async ({ runs, runCosts }, { pricesFile }) => {
            const run = await runs.find(id)
            if (json) console.log(JSON.stringify(run))
            else {
              const estimate = await expectedOf({ runCosts }, run)
              const costs = costReport(run, estimate, await readPrices(pricesFile), new Date())
              console.log([runReport(run, new Date()), ...(costs ? [costs] : [])].join('\n\n'))
            }
            process.exitCode = exitCodeOf(run) ?? 0
          })
        }),
    )
    .addCommand(
      onRun(
        'watch',
        'Show how far a run is until it ends, is stopped, or pauses by itself; without a terminal as a line of JSON every ten seconds. Ctrl-C leaves it running.',
      )
        .option('--json', 'as lines of JSON')
        .action(async (id: number, { json = false }: { json?: boolean }) => {
          await withCatalog(async (catalog, config) => await watch(catalog, config, id, json))
        }),
    )
    .addCommand(steering('pause', 'Begin nothing new of a run; jobs in flight end.'))
    .addCommand(steering('resume', 'Go on with a run that is paused or was stopped.'))
    .addCommand(steering('cancel', 'End a run where it is, for ever; what is done stays done.'))
    .addCommand(
      onRun(
        'failures',
        'List the photos that failed, whose they are, and why; of an import the lines, by their number, and then photos that could not be made.',
      )
        .option('--code <code>', 'only those that failed with it')
        .addOption(new Option('--json', 'as a line of JSON each').conflicts('csv'))
        .option('--csv', 'as a table for programs, with a line of titles')
        .action(async (id: number, { code = null, json, csv }: FailureOptions) => {
          const { failureReport, failuresAsCsv } = await import('./runs/failure-report.ts')
          await withCatalog(async (catalog) => {
            const run = await catalog.runs.find(id)
            let isFirst = true
            for await (const page of failurePages(catalog, run, code)) {
              if (json) console.log(page.map((each) => JSON.stringify(each)).join('\n'))
              else console.log(csv ? failuresAsCsv(page, { withTitles: isFirst }) : failureReport(page))
              isFirst = false
            }
          })
        }),
    )
    .addCommand(
      onRun('retry', 'Make the photos anew that failed in a run, in a run of their own.')
        .option('--code <code>', 'only those that failed with it')
        .action(async (id: number, { code = null }: { code?: string | null }) => {
          const { startRetry } = await import('../reprocess/sequels.ts')
          await withCatalog(async (catalog, config) => {
            const run = await startRetry(catalog, id, code)
            if (run === null) return console.log('Nothing failed in it.')
            await watch(catalog, config, run)
          })
        }),
    )
    .addCommand(
      onRun('sheet', 'Draw what a run changed: before, after and the difference, the worst first.')
        .option('-o, --output <file>', 'a .png, .jpg or .webp file', 'sheet.png')
        .action(async (id: number, { output }: { output: string }) => {
          const { drawContactSheet } = await import('./reprocess/contact-sheet.ts')
          process.exitCode = await drawContactSheet(id, output)
        }),
    )
    .addCommand(sequel('rollback', 'Show again what a run put aside, for as long as it is kept.'))
    .addCommand(sequel('finish', 'Let go what a run put aside, as soon as no URL of it can be valid.'))
    .addCommand(
      sequel('verify', 'Read back what a run shows: every object in the store, some through the edge.'),
    )
}

type FailureOptions = { code?: string | null; json?: true; csv?: true }

function sequel(name: Sequel, description: string): Command {
  return onRun(name, description).action(async (id: number) => {
    const { startSequel } = await import('../reprocess/sequels.ts')
    await withCatalog(async (catalog, config) => {
      const run = await startSequel(catalog, name, id)
      const { stayReady } = (await catalog.runs.find(run)).selection as { stayReady?: number }
      if (stayReady !== undefined) {
        console.error(
          `${stayReady} photos that had failed were made ready by run ${id}: there is nothing of before to show, so they stay ready.`,
        )
      }
      await watch(catalog, config, run)
    })
  })
}

async function watch(catalog: Catalog, config: Config, run: number, json = false): Promise<void> {
  const { openWatched } = await import('./runs/open-watched.ts')
  const { watchRun } = await import('./runs/watch-run.ts')
  await using beside = await openWatched(config)
  const leaving = new AbortController()
  process.once('SIGINT', () => leaving.abort())
  process.exitCode = await watchRun({ ...catalog, ...beside }, run, { leave: leaving.signal, json })
}

/** Of an import also the photos that it took in, and that workers could not make afterwards. */
async function* failurePages(
  { runFailures, photos, imports }: Pick<Catalog, 'runFailures' | 'photos' | 'imports'>,
  { id, kind }: Pick<RunReport, 'id' | 'kind'>,
  code: string | null,
): AsyncGenerator<OwnedFailure[]> {
  yield* recordedPages({ runFailures, photos }, id, code)
  if (!kind.startsWith('import')) return
  for (let after = null; ; ) {
    const page: Awaited<ReturnType<Catalog['imports']['failedOf']>> = await imports.failedOf(id, {
      code,
      after,
      limit: PAGE,
    })
    if (page.length > 0)
      yield page.map(({ id, ...failure }) => ({
        ...failure,
        photoId: id,
        attempts: 1,
        failedAt: addedAt(id),
      }))
    if (page.length < PAGE) return
    after = page.at(-1)?.id ?? null
  }
}

async function* recordedPages(
  { runFailures, photos }: Pick<Catalog, 'runFailures' | 'photos'>,
  id: number,
  code: string | null,
): AsyncGenerator<OwnedFailure[]> {
  let after = null
  for (;;) {
    const page: Awaited<ReturnType<RunFailures['page']>> = await runFailures.page(id, {
      code,
      after,
      limit: PAGE,
    })
    if (page.length > 0) {
      const found = await photos.findAll(page.map(({ photoId }) => photoId))
      const owners = new Map(found.map(({ id, owner }) => [id, owner]))
      yield page.map((each) => ({ ...each, owner: owners.get(each.photoId) ?? null }))
    }
    if (page.length < PAGE) return
    after = page.at(-1)?.photoId ?? null
  }
}

function steering(name: 'pause' | 'resume' | 'cancel', description: string): Command {
  return onRun(name, description).action(async (id: number) => {
    await withRuns(async (runs) => {
      const { state, kind, recurs } = await runs[name](id)
      console.log(`Run ${id} (${kind}) is ${state}.`)
      if (name === 'pause' && recurs) {
        console.log(`The servers need it: \`darkroom runs resume ${id}\` lets them go on.`)
      }
    })
  })
}

function onRun(name: string, description: string): Command {
  return new Command(name).description(description).argument('<run>', 'its number', readRun)
}

async function withCatalog(act: (catalog: Catalog, config: Config) => Promise<void>): Promise<void> {
  const { openRuns } = await import('./runs/open-runs.ts')
  await using opened = await openRuns()
  await act(opened.catalog, opened.config)
}

async function withRuns(act: (runs: Runs) => Promise<void>): Promise<void> {
  const { openRuns } = await import('./runs/open-runs.ts')
  await using opened = await openRuns()
  await act(opened.runs)
}

function readRun(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be the number of a run.')
  return Number(text)
}
