import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { LANES, type Lane } from '../../src/queue/job.ts'
import { superviseWorkers } from '../../src/worker-processes.ts'
import type { Bench } from '../bench.ts'
import { type Darkroom, OWNER, settledAt, startDarkroom } from '../darkroom.ts'
import { type Figure, type Line, ratio } from '../line.ts'
import { compareOnce, quantile } from '../measure.ts'
import { takeIn } from '../render-crew.ts'
import { startRun } from '../reprocess-run.ts'
import { formOf, upload } from '../upload-request.ts'

const JOBS = 500
const UPLOADS = 30
const PAUSE_MS = 150
const POLL_MS = 250
const GOAL = { below: 1.15 }

/**
 * How soon a photo of 12 MP is ready while others' AVIF is made, while a run makes others anew, and while others are
 * deleted, against an idle machine:
 * one upload at a time, with the workers that `darkroom start` has.
 */
export const lanes: Line = {
  name: 'lanes',
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 0 })
    const form = formOf(await readFile(await bench.photo('photo of 12 MP')))
    const measure = () => timesToReady(darkroom, form, bench.rounds(UPLOADS))
    const live = await startWorkers(bench, darkroom, ['live'])
    await measure()
    const idle = await measure()
    const others = await putOff(bench, darkroom)
    await live[Symbol.asyncDispose]()

    const duringAvif = await besideBatch(bench, darkroom, measure)
    const run = await startRun(darkroom, others)
    const duringRun = await besideBatch(bench, darkroom, measure)
    await darkroom.services.catalog.runs.cancel(run)
    for (const id of others) await remove(darkroom, id)
    const duringPurge = await besideBatch(bench, darkroom, measure)
    return [
      ...compared(`${JOBS} AVIF jobs`, duringAvif, idle),
      ...compared(`a run of ${JOBS} photos`, duringRun, idle, { below: 1.1 }),
      ...compared(`${JOBS} purges`, duringPurge, idle),
    ]
  },
}

function compared(what: string, busy: readonly number[], idle: readonly number[], goal = GOAL): Figure[] {
  return [0.5, 0.95].map((part) => {
    const comparison = compareOnce(quantile(busy, part), quantile(idle, part))
    return ratio(`last byte to ready beside ${what} / idle, p${part * 100}`, 'ms', comparison, goal)
  })
}

export async function startWorkers(
  { log }: Bench,
  { env }: Darkroom,
  lanes: readonly Lane[],
): Promise<AsyncDisposable> {
  const count = availableParallelism()
  const workers = superviseWorkers({ lanes, count, batchNice: 19, env, log })
  await workers.ready
  return workers
}

/** Measures while batch workers have something to do, once to let them all begin and the live ones warm up. */
async function besideBatch(
  bench: Bench,
  darkroom: Darkroom,
  measure: () => Promise<number[]>,
): Promise<number[]> {
  await using _all = await startWorkers(bench, darkroom, LANES)
  await measure()
  return await measure()
}

export async function timesToReady(darkroom: Darkroom, form: Buffer, uploads: number): Promise<number[]> {
  const times: number[] = []
  for (let done = 0; done < uploads; done++) {
    const { id, sentAt } = await upload(darkroom, form)
    times.push((await settledAt(darkroom, id as PhotoId)) - sentAt)
    await untilLiveIsIdle(darkroom)
    await sleep(PAUSE_MS)
  }
  return times
}

/** So many photos that are ready, and whose AVIF was put off as always somebody waited. */
async function putOff(bench: Bench, darkroom: Darkroom): Promise<PhotoId[]> {
  const { queue } = darkroom.services
  const ids = await takeIn(await bench.photo('photo of 2 MP'), JOBS, darkroom)
  for (const photoId of ids) await queue.enqueue({ kind: 'resize', photoId })
  await untilLiveIsIdle(darkroom)
  const { waiting } = await queue.counts('batch')
  if (waiting < JOBS / 2) throw new Error(`${waiting} of ${JOBS} jobs wait`)
  return ids
}

export async function untilLiveIsIdle({ services: { queue } }: Darkroom): Promise<void> {
  while ((await queue.demand()).live > 0) await sleep(POLL_MS)
}

async function remove({ services: { catalog, queue } }: Darkroom, photoId: PhotoId): Promise<void> {
  await catalog.removals.remove(photoId, OWNER)
  await queue.enqueue({ kind: 'purge', photoId })
}
