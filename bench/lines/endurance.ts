import type { Bench } from '../bench.ts'
import { type Darkroom, startDarkroom, untilIdle } from '../darkroom.ts'
import { type Line, ratio } from '../line.ts'
import { compareOnce } from '../measure.ts'
import { processorSeconds, residentBytes } from '../process-figures.ts'
import type { UploadQuestion } from '../processes/upload-client.ts'
import { startScript } from '../script-process.ts'

const BATCH = 500
const BATCHES = 10
const WARM_UP = 100
const AT_ONCE = 4

/** CPU time of one photo, and the memory of both workers after the last of the batch. */
type Batch = { cpuMs: number; megabytes: number }

/**
 * What the last 500 of 5,000 photos cost, uploaded, rendered and with AVIF, against the first 500: CPU time of the
 * API, two workers and PostgreSQL, and the workers' memory.
 */
export const endurance: Line = {
  name: 'endurance',
  isLong: true,
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 2 })
    const photo = await bench.photo('small photo')
    await using phone = startScript<UploadQuestion, null>('upload-client.ts', [photo])
    const { url, token } = darkroom

    const takeIn = async (uploads: number): Promise<Batch> => {
      const before = await cpuSeconds(bench, darkroom)
      await phone.ask({ url, token, uploads, atOnce: AT_ONCE })
      await untilIdle(darkroom)
      const after = await cpuSeconds(bench, darkroom)
      return { cpuMs: ((after - before) / uploads) * 1000, megabytes: await workerMegabytes(darkroom) }
    }

    await takeIn(WARM_UP)
    const first = await takeIn(BATCH)
    let last = first
    const batches = bench.rounds(BATCHES)
    for (let taken = 1; taken < batches; taken++) last = await takeIn(BATCH)

    const photos = (batches * BATCH).toLocaleString('en')
    const cost = compareOnce(last.cpuMs, first.cpuMs)
    const memory = compareOnce(last.megabytes, first.megabytes)
    return [
      ratio(`a photo, the last ${BATCH} of ${photos} / the first`, 'CPU ms', cost, { below: 1.05 }),
      ratio(`two workers after ${photos} photos / after ${BATCH}`, 'MB', memory, { below: 1.1 }),
    ]
  },
}

async function cpuSeconds({ postgresPid }: Bench, { api, workers }: Darkroom): Promise<number> {
  const pids = [postgresPid, api.pid ?? 0, ...workers.map(({ pid }) => pid ?? 0)]
  const seconds = await Promise.all(pids.map(processorSeconds))
  return seconds.reduce((sum, each) => sum + each, 0)
}

async function workerMegabytes({ workers }: Darkroom): Promise<number> {
  const resident = await Promise.all(workers.map(({ pid }) => residentBytes(pid ?? 0)))
  return resident.reduce((sum, each) => sum + (each?.now ?? Number.NaN), 0) / 1e6
}
