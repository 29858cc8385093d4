import { readFile, stat } from 'node:fs/promises'
import { ceph } from '../../scripts/services/ceph.ts'
import { startTemporarily } from '../../scripts/services/running-service.ts'
import type { Environment } from '../../scripts/services/service.ts'
import type { Bench } from '../bench.ts'
import { type Darkroom, startDarkroom } from '../darkroom.ts'
import { isMeasurable } from '../installed.ts'
import { type Figure, type Line, ratio, value } from '../line.ts'
import { compare, rateOf } from '../measure.ts'
import type { PhotoName } from '../photo.ts'
import type { UploadQuestion } from '../processes/upload-client.ts'
import { idsFor, put, repeat } from '../put-request.ts'
import { startScript } from '../script-process.ts'
import type { UploadTarget } from '../upload-request.ts'

const AT_ONCE = 4
const ROUNDS = 9
/** Megabytes to each side before the first round: a server lives for weeks, and is slower while it is new. */
const WARM_UP = 700
const GOAL = { atLeast: 0.85 }
const PUT_GOAL = { atLeast: 0.95 }
const REPEATS = 200

/** Uploads through the API, without workers, against a bare route that hashes, writes and syncs the same bytes. */
export const uploadLine: Line = {
  name: 'upload',
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 0 })
    return [
      await measureUploads(bench, darkroom, { name: 'photo of 12 MP', uploads: 48, way: 'form' }),
      await measureUploads(bench, darkroom, { name: 'photo of 12 MB', uploads: 24, way: 'form' }),
      await measureUploads(bench, darkroom, { name: 'photo of 12 MB', uploads: 24, way: 'put' }),
      await measureRepeats(bench, darkroom),
      ...(await measureS3(bench)),
    ]
  },
}

/** The server keeps all of it in memory. */
const TO_S3 = { name: 'photo of 12 MB', uploads: 8, way: 'put', warmUp: 100, rounds: 5 } as const

async function measureS3(bench: Bench): Promise<Figure[]> {
  if (!isMeasurable('uploads to S3', ceph)) return []
  await using server = await startTemporarily(ceph)
  // The bench opens the store too, and the SDK's chain looks for credentials here.
  Object.assign(process.env, server.env)
  await using darkroom = await startDarkroom(bench, { workers: 0, engines: server.env })
  return [await measureUploads(bench, darkroom, { ...TO_S3, s3: server.env })]
}

type Measured = {
  name: PhotoName
  uploads: number
  way: 'form' | 'put'
  warmUp?: number
  rounds?: number
  s3?: Environment
}

async function measureUploads(
  bench: Bench,
  darkroom: Darkroom,
  { name, uploads, way, warmUp = WARM_UP, rounds = ROUNDS, s3 }: Measured,
): Promise<Figure> {
  const photo = await bench.photo(name)
  const { size } = await stat(photo)
  await using bare = s3
    ? startScript<object, string>('bare-s3-upload.ts', [], s3)
    : startScript<object, string>('bare-upload.ts', [darkroom.config.home])
  await using client = startScript<UploadQuestion, null>('upload-client.ts', [photo])
  const bareTarget = { url: await bare.ask({}), token: '' }

  const side = (target: UploadTarget) => () =>
    rateOf((uploads * size) / 1e6, () =>
      client.ask({ url: target.url, token: target.token, uploads, atOnce: AT_ONCE, way }),
    )
  for (const target of [darkroom, bareTarget]) {
    await client.ask({
      url: target.url,
      token: target.token,
      uploads: Math.ceil((warmUp * 1e6) / size),
      atOnce: AT_ONCE,
      way,
    })
  }
  const comparison = await compare({ ours: side(darkroom), against: side(bareTarget) }, bench.rounds(rounds))
  const what = `${way === 'put' ? 'PUT' : 'upload'} of ${(size / 1e6).toFixed(1)} MB${s3 ? ' to S3' : ''} / a bare route`
  return ratio(what, 'MB/s', comparison, way === 'put' ? PUT_GOAL : GOAL)
}

/** A repeat that names its digest costs no body. */
async function measureRepeats(bench: Bench, darkroom: Darkroom): Promise<Figure> {
  const photo = await readFile(await bench.photo('photo of 12 MB'))
  const [id = ''] = await idsFor(darkroom, 1)
  await put(darkroom, id, photo)
  const times: number[] = []
  for (let repeats = 0; repeats < REPEATS; repeats++) times.push(await repeat(darkroom, id, photo))
  const median = times.toSorted((a, b) => a - b)[REPEATS / 2] as number
  return value('a repeat of a PUT that names its digest, median of 200', 'ms', median, { below: 5 })
}
