import { Command, Option } from 'commander'
import type { DarkroomClient } from '../../clients/typescript/src/darkroom-client.ts'
import { SetupError } from '../errors.ts'
import type { OwnerId } from '../photo/shard.ts'
import { ownerToken, parseOwner } from './owner-token.ts'
import { parseDuration } from './parse-duration.ts'

type UploadOptions = {
  filter?: string
  strength?: number
  visibility?: 'public' | 'private'
  owner: OwnerId
  token?: string
  url?: string
  wait?: true
  timeout: number
  retry: number
  json?: true
}

const EXAMPLES = `
Examples:
  $ darkroom upload holiday/*.jpg
  $ darkroom upload portrait.jpg --filter mono --strength 0.8 --wait
  $ darkroom upload a.jpg b.png --wait --json | jq -r '.[].photo.renditions[].url'

Exits with 1 when a file was refused, a photo failed, or the wait was too long.`

/** For one request. */
const TOKEN_SECONDS = 3600
const ANSWER_MS = 10_000

export function uploadCommand(): Command {
  return new Command('upload')
    .description('Upload photos, as an app would, and show what became of them.')
    .argument('<files...>', 'photos to upload')
    .option('--filter <name>', 'look to give them; GET /v1/filters lists what there is')
    .addOption(new Option('--strength <number>', 'how much of it, 0 to 1').argParser(Number))
    .addOption(new Option('--visibility <word>', 'who may see them').choices(['public', 'private']))
    .addOption(new Option('--owner <owner>', 'whose photos they are').argParser(parseOwner).default('me'))
    .addOption(
      new Option('--token <token>', 'token to send, instead of one made for the owner').env('DARKROOM_TOKEN'),
    )
    .option('--url <url>', 'where Darkroom is, instead of PUBLIC_URL')
    .option('--wait', 'wait until every photo is ready or failed, and show its renditions')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait at most')
        .argParser(parseDuration)
        .default(parseDuration('120s'), '120s'),
    )
    .addOption(
      new Option('--retry <duration>', 'how long to send a photo again while the API is unavailable')
        .argParser(parseDuration)
        .default(parseDuration('60s'), '60s'),
    )
    .option('--json', 'print one JSON array of { file, photo, failure } instead of a table')
    .addHelpText('after', EXAMPLES)
    .action(upload)
}

async function upload(paths: string[], options: UploadOptions): Promise<void> {
  const { findPhotoFiles } = await import('./upload/photo-files.ts')
  const { uploadFiles, waitForPhotos } = await import('./upload/upload-run.ts')
  const { failureLines, photoTable, renditionTables } = await import('./upload/upload-report.ts')

  const files = await findPhotoFiles(paths)
  const client = await connect(options)
  const { filter, strength, visibility, wait, timeout, retry, json } = options
  const fields = { filter, strength, visibility }
  const uploaded = await uploadFiles(client, files, fields, retry)
  const outcomes = wait ? await waitForPhotos(client, uploaded, timeout) : uploaded

  if (json) console.log(JSON.stringify(outcomes, null, 2))
  else if (outcomes.some(({ photo }) => photo))
    console.log(wait ? renditionTables(outcomes) : photoTable(outcomes))
  const failures = failureLines(outcomes)
  if (failures) {
    console.error(failures)
    process.exitCode = 1
  }
}

async function connect({ url: given, token, owner }: UploadOptions): Promise<DarkroomClient> {
  const { loadConfig } = await import('../config/config.ts')
  const { DarkroomClient } = await import('../../clients/typescript/src/darkroom-client.ts')
  const config = loadConfig(process.env)
  // For every request, so that none is sent with one that has expired meanwhile.
  const makeToken = async () => token ?? (await ownerToken(config, owner, TOKEN_SECONDS))
  // Says at once when there is no secret to make one with.
  await makeToken()
  const url = (given ?? config.publicUrl).replace(/\/+$/, '')
  await reach(url)
  return new DarkroomClient({ url, token: makeToken })
}

/** Throws SetupError when nothing answers there at all. */
async function reach(url: string): Promise<void> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) })
    await response.text()
  } catch (error) {
    throw new SetupError(`Nothing answers at ${url}: is \`npm start\` running?`, { cause: error })
  }
}
