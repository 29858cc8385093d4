import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { WORKER_ENV, WORKER_NODE_FLAGS } from '../../src/worker-processes.ts'
import type { Bench } from '../bench.ts'
import { type Darkroom, settledAt, startDarkroom, untilIdle } from '../darkroom.ts'
import { type Figure, type Line, value } from '../line.ts'
import { quantile } from '../measure.ts'
import type { PhotoName } from '../photo.ts'
import { residentBytes } from '../process-figures.ts'
import { type ScriptProcess, startScript } from '../script-process.ts'
import type { Steps } from '../timed-engines.ts'
import { formOf, upload } from '../upload-request.ts'

const UPLOADS = 30
/** The machine is idle between two uploads, as it is for a single user. */
const PAUSE_MS = 150

/**
 * The moments of one upload in milliseconds since its last byte was sent, what its worker tells, and how long a
 * decode takes by itself on the same idle machine.
 */
type Course = { repliedAt: number; takenAt: number; readyAt: number; steps: Steps; decodeMs: number }
type TimedWorker = ScriptProcess<object, Steps>

/**
 * From the last byte of an upload until the photo is ready, which is before its AVIF, one at a time, and where that
 * time goes.
 */
export const ready: Line = {
  name: 'ready',
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 0 })
    const startWorker = (): TimedWorker =>
      startScript('timed-worker.ts', [], { ...WORKER_ENV, ...darkroom.env }, WORKER_NODE_FLAGS)
    await using first = startWorker()
    await using second = startWorker()
    const workers = [first, second]
    const figures = [
      ...(await timeToReady(bench, darkroom, workers, 'photo of 12 MP')),
      ...(await timeToReady(bench, darkroom, workers, 'photo of 2 MP')),
    ]
    const workerPeaks = await Promise.all(workers.map(({ pid }) => peakMegabytes(pid)))
    return [
      ...figures,
      value('peak memory of the API', 'MB', await peakMegabytes(darkroom.api.pid ?? 0)),
      value('peak memory of a worker', 'MB', Math.max(...workerPeaks)),
    ]
  },
}

async function timeToReady(
  bench: Bench,
  darkroom: Darkroom,
  workers: readonly TimedWorker[],
  name: PhotoName,
): Promise<Figure[]> {
  const photo = await bench.photo(name)
  await using decoder = startScript<object, number>('decode.ts', [photo], WORKER_ENV, WORKER_NODE_FLAGS)
  const form = formOf(await readFile(photo))
  const courses: Course[] = []
  for (let uploads = -3; uploads < bench.rounds(UPLOADS); uploads++) {
    const course = await follow(darkroom, workers, form)
    // With its AVIF, which would keep the next one waiting.
    await untilIdle(darkroom)
    const decodeMs = await decoder.ask({})
    if (uploads >= 0) courses.push({ ...course, decodeMs })
    await sleep(PAUSE_MS)
  }

  const p50 = (what: string, of: (course: Course) => number) =>
    value(what, 'ms', quantile(courses.map(of), 0.5))
  const readyAt = courses.map((course) => course.readyAt)
  return [
    value(`${name}: last byte to ready, p50`, 'ms', quantile(readyAt, 0.5)),
    value(`${name}: last byte to ready, p95`, 'ms', quantile(readyAt, 0.95)),
    p50('  to the reply', ({ repliedAt }) => repliedAt),
    p50('  to a worker', ({ takenAt }) => takenAt),
    p50('  the worker finds the row', ({ steps }) => steps.find),
    p50('  reads the original', ({ steps }) => steps.read),
    p50('  decodes, scales, encodes, puts', ({ steps }) => steps.make),
    p50('    decoding alone', ({ decodeMs }) => decodeMs),
    p50('  puts the last of 10 renditions', ({ steps }) => steps.put),
    p50('  records them', ({ steps }) => steps.record),
  ]
}

async function follow(
  darkroom: Darkroom,
  workers: readonly TimedWorker[],
  form: Buffer,
): Promise<Omit<Course, 'decodeMs'>> {
  const { id, sentAt, repliedAt } = await upload(darkroom, form)
  const readyAt = await settledAt(darkroom, id as PhotoId)
  const [steps] = (await Promise.all(workers.map((worker) => worker.ask({})))).sort(
    (a, b) => b.startedAt - a.startedAt,
  )
  if (!steps) throw new Error('no worker told of its job')
  return {
    repliedAt: repliedAt - sentAt,
    takenAt: steps.startedAt - performance.timeOrigin - sentAt,
    readyAt: readyAt - sentAt,
    steps,
  }
}

async function peakMegabytes(pid: number): Promise<number> {
  const resident = await residentBytes(pid)
  return resident === null ? Number.NaN : resident.peak / 1e6
}
