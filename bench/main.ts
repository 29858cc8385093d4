import { writeFile } from 'node:fs/promises'
import { availableParallelism, constants, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { forgetLibpqVariables } from '../src/config/environment.ts'
import { aborted, stopSignal } from '../src/process/stop-signal.ts'
import { openBench } from './bench.ts'
import type { Figure, Line } from './line.ts'
import { against } from './lines/against.ts'
import { consoleFeed } from './lines/console-feed.ts'
import { consoleLooks } from './lines/console-looks.ts'
import { consoleUpload } from './lines/console-upload.ts'
import { cpu } from './lines/cpu.ts'
import { endurance } from './lines/endurance.ts'
import { events } from './lines/events.ts'
import { facts } from './lines/facts.ts'
import { fanOut } from './lines/fan-out.ts'
import { feedPage } from './lines/feed-page.ts'
import { feeder } from './lines/feeder.ts'
import { feeds } from './lines/feeds.ts'
import { filter } from './lines/filter.ts'
import { heic } from './lines/heic.ts'
import { idle } from './lines/idle.ts'
import { imgproxy } from './lines/imgproxy.ts'
import { importLines, imports } from './lines/imports.ts'
import { jobs } from './lines/jobs.ts'
import { lanes } from './lines/lanes.ts'
import { photoIds } from './lines/photo-ids.ts'
import { ready } from './lines/ready.ts'
import { replicas } from './lines/replicas.ts'
import { reprocessLine } from './lines/reprocess.ts'
import { scaling } from './lines/scaling.ts'
import { slowClients } from './lines/slow-clients.ts'
import { tus } from './lines/tus.ts'
import { uploadLine } from './lines/upload.ts'
import { workerEach, workerIo } from './lines/worker.ts'
import { tableOf } from './table.ts'

const LINES: readonly Line[] = [
  workerIo,
  workerEach,
  cpu,
  imgproxy,
  filter,
  scaling,
  jobs,
  heic,
  uploadLine,
  consoleUpload,
  tus,
  imports,
  importLines,
  facts,
  feedPage,
  photoIds,
  replicas,
  ready,
  lanes,
  reprocessLine,
  fanOut,
  feeder,
  feeds,
  consoleFeed,
  consoleLooks,
  events,
  idle,
  slowClients,
  endurance,
  against,
]
const RESULTS = join(import.meta.dirname, 'results.json')

forgetLibpqVariables()
const { values: options, positionals: names } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    against: { type: 'string' },
  },
  allowPositionals: true,
})
const unknown = names.filter((name) => !LINES.some((line) => line.name === name))
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. There are ${LINES.map(({ name }) => name).join(', ')}.`)
  process.exit(1)
}

if (options.against !== undefined && names.length === 0) names.push(against.name)
const isWanted = ({ name, isLong }: Line) =>
  names.length > 0 ? names.includes(name) : name !== against.name && (options.long || !isLong)
const chosen = LINES.filter(isWanted)

const stopping = stopSignal()
await using bench = await openBench({ quick: options.quick, against: options.against })
// A line that is interrupted fails then, which must not be told.
void aborted(stopping).then(async () => {
  await bench[Symbol.asyncDispose]()
  process.exit(128 + constants.signals[stopping.reason as NodeJS.Signals])
})

const machine = { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version }
const loadBefore = loadavg()[0]
const figures: Figure[] = []
for (const line of chosen) {
  const startedAt = performance.now()
  console.error(`${line.name} …`)
  try {
    figures.push(...(await line.measure(bench)))
    console.error(`${line.name} took ${Math.round((performance.now() - startedAt) / 1000)} s`)
  } catch (error) {
    // What the others measured is told all the same.
    console.error(`${line.name} failed:`, error)
    process.exitCode = 1
  }
}
console.log(tableOf(figures))
await writeFile(RESULTS, `${JSON.stringify({ at: new Date(), machine, loadBefore, figures }, null, 2)}\n`)
