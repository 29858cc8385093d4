import { Command, InvalidArgumentError, Option } from 'commander'
import type { ImportOptions } from '../import/import-options.ts'
import { parseOwner } from './owner-token.ts'

const EXPLANATION = `
Sources:
  FOLDER… and EXPORT.zip…      as one; what they are is seen: Google Takeout, Instagram, Facebook, Mastodon, the uploads of
                               WordPress, the folder of Immich, or a folder of photos. Zips are read where they lie.
  s3://bucket/prefix           every object under it; with ?region=…&endpoint=… as in STORAGE_URL
  s3://…/manifest.json         what an S3 Inventory lists, in CSV or Parquet
  list.csv, list.ndjson        also in a bucket; columns path (or key), owner, postedAt, externalId, visibility, filter, strength, focus, alt

Examples:
  $ darkroom import takeout-*.zip --owner alice
  $ darkroom import /srv/old/uploads --owner-from '^([^/]+)/' --posted-at mtime
  $ darkroom import s3://inventories/old/daily/2026-11-01T01-00Z/manifest.json --adopt --owner-from '^users/([^/]+)/'
  $ darkroom import users.csv --root s3://old-photos/originals/ --source oldapp --dry-run

An import is a run: \`darkroom runs\` shows and steers it from any machine, and this command does its work. Ended by Ctrl-C
or killed, it goes on when the same command is given again. Given again when it is complete, it adds what is missing.
Every line ends as imported, already_there, skipped, refused or missing; the report says which and why, line by line.

Exit codes: 0 complete, 1 wrong usage or set-up, 2 complete with lines refused or missing, 3 stopped before its end.`

export function importCommand(): Command {
  return new Command('import')
    .description('Take in photos of other systems: with their times, captions and names, and nothing twice.')
    .argument('<source...>', 'folders and zips, a list, or what is in a bucket')
    .addOption(
      new Option('--owner <owner>', 'whose photos they are, where the source does not say').argParser(
        parseOwner,
      ),
    )
    .option(
      '--owner-from <regex>',
      'finds the owner in each path: its first group, or "(?<owner>…)"',
      readRegex,
    )
    .addOption(
      new Option(
        '--posted-at <how>',
        'when a photo was posted, where neither the source nor its EXIF says: exif (then it is of now), mtime, or a regular expression with groups year, month, day, hour, minute, second',
      )
        .argParser((text) => (text === 'exif' || text === 'mtime' ? text : readRegex(text)))
        .default('exif'),
    )
    .option('--exif-offset <+hh:mm>', 'of EXIF times without one, instead of UTC', readOffset)
    .addOption(
      new Option('--visibility <word>', 'where the source does not say')
        .choices(['public', 'private'])
        .default('public'),
    )
    .option(
      '--as <kind>',
      'what it is, instead of looking: google, instagram, facebook, mastodon, immich, wordpress or folder',
    )
    .option(
      '--source <name>',
      'under which the names of its photos are kept, instead of what it is',
      readName,
    )
    .option('--root <place>', 'where the paths of a list begin: a folder, or s3://bucket/prefix')
    .option(
      '--adopt',
      'leave the originals where they are: the photos are there at once, and made when somebody looks at them',
    )
    .option('--with-originals', 'take in what its owner has changed since, too')
    .option('--rate <n>', 'so many photos a second at most', readRate)
    .option('--share <percent>', 'work only so much of the time, such as 25%', readShare)
    .option('--max-failures <percent>', 'stop when more than that of the lines failed', readPercent)
    .option('--report <file>', 'where each line is told, instead of imports/ in DARKROOM_HOME')
    .option('--detach', 'have servers do it, of what lies in buckets, and leave')
    .option('--dry-run', 'read it all, change nothing, and tell what would be')
    .option('--json', 'tell what came of it as one object of JSON')
    .addHelpText('after', EXPLANATION)
    .action(async (names: string[], options: ImportOptions) => {
      const { runImport } = await import('./import/import-run.ts')
      await runImport(names, options)
    })
}

function readRegex(text: string): RegExp {
  try {
    return new RegExp(text, 'u')
  } catch (error) {
    throw new InvalidArgumentError(`It is no regular expression: ${(error as Error).message}`)
  }
}

function readOffset(text: string): string {
  if (/^[+-](?:0\d|1[0-4]):[0-5]\d$/.test(text)) return text
  throw new InvalidArgumentError('Give it as +02:00 or -07:00.')
}

function readName(text: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(text)) return text
  throw new InvalidArgumentError('It is 1 to 64 of a-z 0-9 . _ - and begins with a letter or a digit.')
}

function readRate(text: string): number {
  const rate = Number(text)
  if (rate > 0 && rate <= 1e6) return rate
  throw new InvalidArgumentError('It must be a number above 0.')
}

function readShare(text: string): number {
  const share = readPercent(text) * 100
  if (share > 0) return share
  throw new InvalidArgumentError('It must be above 0%.')
}

function readPercent(text: string): number {
  const [, number] = /^(\d{1,3}(?:\.\d+)?)%?$/.exec(text) ?? []
  if (number !== undefined && Number(number) <= 100) return Number(number) / 100
  throw new InvalidArgumentError('It must be a percentage, such as 1%.')
}
