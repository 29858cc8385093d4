import { stat } from 'node:fs/promises'
import type { Bench } from '../bench.ts'
import { type Darkroom, startDarkroom } from '../darkroom.ts'
import { type Figure, type Line, ratio } from '../line.ts'
import { compare, rateOf } from '../measure.ts'
import type { PhotoName } from '../photo.ts'
import type { UploadQuestion } from '../processes/upload-client.ts'
import { startScript } from '../script-process.ts'
import type { UploadTarget } from '../upload-request.ts'

const AT_ONCE = 4
const ROUNDS = 9
/** Megabytes to each side before the first round: a server lives for weeks, and is slower while it is new. */
const WARM_UP = 700
const GOAL = { atLeast: 0.85 }

/** Uploads through the API, without workers, against a bare route that hashes, writes and syncs the same bytes. */
export const uploadLine: Line = {
  name: 'upload',
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 0 })
    return [
      await measureUploads(bench, darkroom, 'photo of 12 MP', 48),
      await measureUploads(bench, darkroom, 'photo of 12 MB', 24),
    ]
  },
}

async function measureUploads(
  bench: Bench,
  darkroom: Darkroom,
  name: PhotoName,
  uploads: number,
): Promise<Figure> {
  const photo = await bench.photo(name)
  const { size } = await stat(photo)
  await using bare = startScript<object, string>('bare-upload.ts', [darkroom.config.home])
  await using client = startScript<UploadQuestion, null>('upload-client.ts', [photo])
  const bareTarget = { url: await bare.ask({}), token: '' }

  const side = (target: UploadTarget) => () =>
    rateOf((uploads * size) / 1e6, () =>
      client.ask({ url: target.url, token: target.token, uploads, atOnce: AT_ONCE }),
    )
  for (const target of [darkroom, bareTarget]) {
    await client.ask({
      url: target.url,
      token: target.token,
      uploads: Math.ceil((WARM_UP * 1e6) / size),
      atOnce: AT_ONCE,
    })
  }
  const comparison = await compare({ ours: side(darkroom), against: side(bareTarget) }, bench.rounds(ROUNDS))
  return ratio(`upload of ${(size / 1e6).toFixed(1)} MB / a bare route`, 'MB/s', comparison, GOAL)
}
