import { stat } from 'node:fs/promises'
import { ceph } from '../../scripts/services/ceph.ts'
import { startTemporarily } from '../../scripts/services/running-service.ts'
import type { Environment } from '../../scripts/services/service.ts'
import type { Bench } from '../bench.ts'
import { startDarkroom } from '../darkroom.ts'
import { isMeasurable } from '../installed.ts'
import { type Figure, type Line, ratio } from '../line.ts'
import { compare, rateOf } from '../measure.ts'
import type { UploadQuestion } from '../processes/upload-client.ts'
import { startScript } from '../script-process.ts'

/** At most 1.3 times what PUT takes. */
const GOAL = { atLeast: 0.77 }

type Pace = Pick<UploadQuestion, 'uploads' | 'atOnce' | 'bytesPerSecond'>

/** How much at full speed: a store that lies on this machine, and is of some GB, is not filled. */
type Amount = { warmUp: number; uploads: number; rounds: number }
const TO_DISK: Amount = { warmUp: 300, uploads: 24, rounds: 7 }
const TO_S3: Amount = { warmUp: 100, uploads: 8, rounds: 5 }

/** A good mobile network: 24 Mbit/s upwards. */
const MOBILE = { uploads: 4, atOnce: 4, bytesPerSecond: 3e6 }

/** A photo by tus, in parts of 5 MB, against the same by PUT, as fast as it goes and as a phone sends it; to S3 too where there is Ceph. */
export const tus: Line = {
  name: 'tus',
  measure: async (bench) => {
    const onDisk = await measureTus(bench, 'disk', {}, TO_DISK)
    if (!isMeasurable('tus to S3', ceph)) return onDisk
    await using server = await startTemporarily(ceph)
    // The bench opens the store too, and the SDK's chain looks for credentials here.
    Object.assign(process.env, server.env)
    return [...onDisk, ...(await measureTus(bench, 'S3', server.env, TO_S3))]
  },
}

async function measureTus(
  bench: Bench,
  store: string,
  engines: Environment,
  { warmUp, uploads, rounds }: Amount,
): Promise<Figure[]> {
  const photo = await bench.photo('photo of 12 MB')
  const { size } = await stat(photo)
  await using darkroom = await startDarkroom(bench, { workers: 0, engines })
  await using client = startScript<UploadQuestion, null>('upload-client.ts', [photo])
  const { url, token } = darkroom
  const compared = async (pace: Pace, rounds: number, where: string): Promise<Figure> => {
    const side = (way: 'tus' | 'put') => () =>
      rateOf((pace.uploads * size) / 1e6, () => client.ask({ url, token, way, ...pace }))
    const comparison = await compare({ ours: side('tus'), against: side('put') }, bench.rounds(rounds))
    return ratio(`12.5 MB by tus in parts of 5 MB / by PUT, ${where}`, 'MB/s', comparison, GOAL)
  }

  const first = Math.ceil((warmUp * 1e6) / size)
  for (const way of ['tus', 'put'] as const) await client.ask({ url, token, way, uploads: first, atOnce: 4 })
  return [
    await compared({ uploads, atOnce: 4 }, rounds, `to ${store}`),
    await compared(MOBILE, 4, `to ${store}, at 24 Mbit/s`),
  ]
}
