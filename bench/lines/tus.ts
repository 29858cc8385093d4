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

const WARM_UP = 300
/** At most 1.3 times what PUT takes. */
const GOAL = { atLeast: 0.77 }

type Pace = Pick<UploadQuestion, 'uploads' | 'atOnce' | 'bytesPerSecond'>

/** A good mobile network: 24 Mbit/s upwards. */
const MOBILE = { uploads: 4, atOnce: 4, bytesPerSecond: 3e6 }
const AT_FULL_SPEED = { uploads: 24, atOnce: 4 }

/** A photo by tus, in parts of 5 MB, against the same by PUT, as fast as it goes and as a phone sends it; to S3 too where there is Ceph. */
export const tus: Line = {
  name: 'tus',
  measure: async (bench) => {
    const onDisk = await measureTus(bench, 'disk', {})
    if (!isMeasurable('tus to S3', ceph)) return onDisk
    await using server = await startTemporarily(ceph)
    // The bench opens the store too, and the SDK's chain looks for credentials here.
    Object.assign(process.env, server.env)
    return [...onDisk, ...(await measureTus(bench, 'S3', server.env))]
  },
}

async function measureTus(bench: Bench, store: string, engines: Environment): Promise<Figure[]> {
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

  const uploads = Math.ceil((WARM_UP * 1e6) / size)
  for (const way of ['tus', 'put'] as const) await client.ask({ url, token, way, uploads, atOnce: 4 })
  return [
    await compared(AT_FULL_SPEED, 7, `to ${store}`),
    await compared(MOBILE, 4, `to ${store}, at 24 Mbit/s`),
  ]
}
