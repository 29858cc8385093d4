import { Command, Option } from 'commander'
import type { OwnerId } from '../photo/shard.ts'
import { parseDuration } from './duration.ts'
import { ownerToken, parseOwner } from './owner-token.ts'
import type { PhotosApi } from './photos-api.ts'

type UploadOptions = {
  filter?: string
  strength?: string
  visibility?: string
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

export function uploadCommand(): Command {
  return new Command('upload')
    .description('Upload photos, as an app would, and show what became of them.')
    .argument('<files...>', 'photos to upload')
    .option('--filter <name>', 'look to give them; GET /v1/filters lists what there is')
    .option('--strength <number>', 'how much of it, 0 to 1')
    .option('--visibility <word>', 'public or private')
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
  const { findPhotoFiles } = await import('./photo-form.ts')
  const { uploadFiles, waitForPhotos } = await import('./upload-run.ts')
  const { failureLines, photoTable, renditionTables } = await import('./upload-report.ts')

  const files = await findPhotoFiles(paths)
  const api = await connect(options)
  const { filter, strength, visibility, wait, timeout, retry, json } = options
  const uploaded = await uploadFiles(api, files, { filter, strength, visibility }, retry)
  const outcomes = wait ? await waitForPhotos(api, uploaded, timeout) : uploaded

  if (json) console.log(JSON.stringify(outcomes, null, 2))
  else if (outcomes.some(({ photo }) => photo))
    console.log(wait ? renditionTables(outcomes) : photoTable(outcomes))
  const failures = failureLines(outcomes)
  if (failures) {
    console.error(failures)
    process.exitCode = 1
  }
}

async function connect({ url, token, owner }: UploadOptions): Promise<PhotosApi> {
  const { loadConfig } = await import('../config/config.ts')
  const { PhotosApi } = await import('./photos-api.ts')
  const config = loadConfig(process.env)
  const makeToken = async () => token ?? (await ownerToken(config, owner, TOKEN_SECONDS))
  // Says at once when there is no secret to make one with.
  await makeToken()
  const api = new PhotosApi(url ?? config.publicUrl, makeToken)
  await api.reach()
  return api
}
