import { Command, InvalidArgumentError, Option } from 'commander'
import { KEEP_SECONDS, MAX_DIFFERENCE, REPLICA_LAG_SECONDS } from '../reprocess/defaults.ts'
import { parseDuration } from './parse-duration.ts'
import type { ReprocessOptions } from './reprocess/reprocess-options.ts'

/** As src/reprocess/sampling.ts has it, which is not loaded for --help. */
const MAX_SAMPLE = 2_000

const EXPLANATION = `
Every photo is made anew as a change to the look it has: a new edition, beside the one that is shown, until one statement
shows it. Its owner's own changes win. What fails keeps what it has. Live uploads go first: jobs are of the batch lane, and
none is begun while uploads wait.

The command only watches: servers do the work, Ctrl-C leaves it running, and any machine can watch it again with
\`darkroom runs watch\`, pause it and resume it.

  darkroom reprocess --dry-run                        what all of it would take: CPU, time, bytes, PUTs, money
  darkroom reprocess                                  what was not made by today's presets, filters and formats
  darkroom reprocess --missing --presets story        a new preset, and nothing else
  darkroom reprocess --failed                         photos that could not be made before
  darkroom reprocess --all --owner alice --rate 5     everything of one owner, five photos a second

Exit codes: 0 complete, 1 wrong usage or set-up, 2 complete with failures, 3 stopped before its end.`

export function reprocessCommand(): Command {
  return new Command('reprocess')
    .description('Make photos anew that exist already, by the presets, filters and formats of today.')
    .addOption(state('stale', 'those that were made by other presets, filters or formats (the default)'))
    .addOption(state('missing', 'of those only make what is not there; keep what is of earlier recipes'))
    .addOption(state('failed', 'those that could not be made before'))
    .addOption(state('all', 'all, also what is of today'))
    .option('--owner <owners>', 'only of these owners, as A,B', readList)
    .option('--from <time>', 'only those taken in from this time on, such as 2026-11-01', readTime)
    .option('--to <time>', 'only those taken in before this time', readTime)
    .option('--ids <file>', 'only those of a list, an id or a shortcode a line; - is standard input')
    .addOption(
      new Option(
        '--shards <range>',
        'only of these logical shards, such as 0-4095, in no order of time',
      ).conflicts(['newestFirst', 'oldestFirst']),
    )
    .option('--limit <n>', 'at most so many', readCount)
    .addOption(new Option('--newest-first', 'in this order (the default)').conflicts('oldestFirst'))
    .option('--oldest-first', 'in the other order')
    .option('--presets <names>', 'make only these, as P,…, and keep all others', readList)
    .option('--formats <names>', 'make only these, as F,…, and keep all others', readList)
    .option('--rate <n>', 'at most so many photos a second', readRate)
    .option('--share <percent>', 'work only so much of the time, such as 25%', readPercent)
    .option(
      '--replica-lag <duration>',
      'wait while a replica of a database is further behind',
      parseDuration,
      REPLICA_LAG_SECONDS,
    )
    .option('--keep <duration>', 'keep what was shown before for so long', parseDuration, KEEP_SECONDS)
    .option(
      '--max-difference <ΔE>',
      'what is made may be so far from what is shown, as a mended colour is; else it fails as another picture',
      readDifference,
      MAX_DIFFERENCE,
    )
    .option(
      '--canary <n>',
      'make so many first, of all formats, sizes and looks, and pause until somebody has looked at them',
      readCanary,
    )
    .option('--max-failures <percent>', 'stop when more than so many fail, such as 1%', readPercent)
    .option('--dry-run', 'make some of them where nobody looks, and tell what all would take; change nothing')
    .option('--sample <n>', 'how many a dry run makes', readSample, 200)
    .option('--workers <n>', 'for how many workers a dry run tells the time', readCount, 8)
    .option('--yes', 'begin without a question')
    .option('--detach', 'print the number of the run, and do not watch it')
    .option('--json', 'lines of JSON instead of a screen')
    .addHelpText('after', EXPLANATION)
    .action(async (options: ReprocessOptions) => {
      const { startReprocess } = await import('./reprocess/start-reprocess.ts')
      process.exitCode = await startReprocess(options)
    })
}

/** One of the states that exclude each other. */
function state(name: string, description: string): Option {
  const others = ['stale', 'missing', 'failed', 'all'].filter((each) => each !== name)
  return new Option(`--${name}`, description).conflicts(others)
}

function readList(text: string): string[] {
  const words = text.split(',').map((word) => word.trim())
  if (words.some((word) => word === ''))
    throw new InvalidArgumentError('Give words with commas between them.')
  return [...new Set(words)]
}

function readTime(text: string): Date {
  const time = new Date(text)
  if (/^\d{4}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time
  throw new InvalidArgumentError('Give a date or a time: 2026-11-01, or 2026-11-01T12:00:00Z.')
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1 on.')
}

function readCanary(text: string): number {
  const count = readCount(text)
  if (count <= MAX_SAMPLE) return count
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_SAMPLE}.`)
}

function readSample(text: string): number {
  const count = readCount(text)
  if (count >= 2 && count <= MAX_SAMPLE) return count
  throw new InvalidArgumentError(`It must be a whole number from 2 to ${MAX_SAMPLE}.`)
}

function readRate(text: string): number {
  const rate = Number(text)
  if (/^\d*\.?\d+$/.test(text) && rate >= 0.01 && rate <= 100_000) return rate
  throw new InvalidArgumentError('It must be a number of photos a second, from 0.01 on.')
}

function readDifference(text: string): number {
  const difference = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && difference <= 100) return difference
  throw new InvalidArgumentError('It must be a ΔE2000 from 0 to 100.')
}

function readPercent(text: string): number {
  const percent = Number(text.replace(/%$/, ''))
  if (/^\d*\.?\d+%?$/.test(text) && percent >= 0.1 && percent <= 100) return percent
  throw new InvalidArgumentError('It must be from 0.1% to 100%.')
}
