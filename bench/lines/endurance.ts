import type { Bench } from '../bench.ts'
import { type Darkroom, startDarkroom, untilIdle } from '../darkroom.ts'
import { type Line, ratio } from '../line.ts'
import { compareOnce } from '../measure.ts'
import { forgetPeak, processorSeconds, residentBytes } from '../process-figures.ts'
import type { UploadQuestion } from '../processes/upload-client.ts'
import { startScript } from '../script-process.ts'

const BATCH = 500
const BATCHES = 10
const WARM_UP = 100
const AT_ONCE = 4

/**
 * What the last 500 of 5,000 photos cost, uploaded, rendered and with AVIF, against the first 500: CPU time of the
 * API, two workers and PostgreSQL. And the most memory the workers had, each half of the photos by itself: at one
 * moment it is as much as V8 has left lying, which goes up and down by a quarter over some 1,500 of these photos.
 */
export const endurance: Line = {
  name: 'endurance',
  isLong: true,
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 2 })
    const photo = await bench.photo('small photo')
    await using phone = startScript<UploadQuestion, null>('upload-client.ts', [photo])
    const { url, token } = darkroom

    /** Returns the CPU time of one photo, in milliseconds. */
    const takeIn = async (uploads: number): Promise<number> => {
      const before = await cpuSeconds(bench, darkroom)
      await phone.ask({ url, token, uploads, atOnce: AT_ONCE })
      await untilIdle(darkroom)
      const after = await cpuSeconds(bench, darkroom)
      return ((after - before) / uploads) * 1000
    }

    const takeInBatches = async (batches: number) => {
      const costs: number[] = []
      for (let taken = 0; taken < batches; taken++) costs.push(await takeIn(BATCH))
      return { costs, megabytes: await peakMegabytes(darkroom) }
    }

    await takeIn(WARM_UP)
    const batches = bench.rounds(BATCHES)
    const half = Math.ceil(batches / 2)
    const early = await takeInBatches(half)
    const late = await takeInBatches(batches - half)

    const photos = (batches * BATCH).toLocaleString('en')
    const cost = compareOnce(late.costs.at(-1) as number, early.costs[0] as number)
    const memory = compareOnce(late.megabytes, early.megabytes)
    return [
      ratio(`a photo, the last ${BATCH} of ${photos} / the first`, 'CPU ms', cost, { below: 1.05 }),
      ratio(`peak of two workers, later half of ${photos} / earlier`, 'MB', memory, { below: 1.1 }),
    ]
  },
}

async function cpuSeconds({ postgresPid }: Bench, { api, workers }: Darkroom): Promise<number> {
  const pids = [postgresPid, api.pid ?? 0, ...workers.map(({ pid }) => pid ?? 0)]
  const seconds = await Promise.all(pids.map(processorSeconds))
  return seconds.reduce((sum, each) => sum + each, 0)
}

/** Of both workers together since it was asked last. */
async function peakMegabytes({ workers }: Darkroom): Promise<number> {
  const pids = workers.map(({ pid }) => pid ?? 0)
  const resident = await Promise.all(pids.map(residentBytes))
  await Promise.all(pids.map(forgetPeak))
  return resident.reduce((sum, each) => sum + (each?.peak ?? Number.NaN), 0) / 1e6
}
