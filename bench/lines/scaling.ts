import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { LANES } from '../../src/queue/job.ts'
import { type Darkroom, startDarkroom, untilIdle } from '../darkroom.ts'
import { isMeasurable } from '../installed.ts'
import { type Line, ratio } from '../line.ts'
import { compare, rateOf } from '../measure.ts'
import { takeIn } from '../render-crew.ts'

const PHOTOS_PER_ROUND = 8
const ROUNDS = 5
const TASKSET = { programs: ['taskset'], packages: ['util-linux'] }

/**
 * Photos per second of two workers against one, over the real queue, AVIF included. Each keeps to a core of its own,
 * as one of many does on a busy machine: one alone would encode on all of them.
 */
export const scaling: Line = {
  name: 'scaling',
  measure: async (bench) => {
    if (!isMeasurable('how workers add up', TASKSET)) return []
    if (availableParallelism() < 2) throw new Error('Two workers want two cores.')
    const photo = await bench.photo('photo of 12 MP')
    await using one = await startDarkroom(bench, { workers: 1 })
    await using two = await startDarkroom(bench, { workers: 2 })
    await Promise.all([one, two].map(giveCores))

    const side = (darkroom: Darkroom) => async () => {
      const { queue } = darkroom.services
      const photoIds = await takeIn(photo, PHOTOS_PER_ROUND, darkroom)
      return await rateOf(photoIds.length, async () => {
        await Promise.all(photoIds.map((photoId) => queue.enqueue({ kind: 'resize', photoId })))
        await untilIdle(darkroom)
      })
    }
    const comparison = await compare({ ours: side(two), against: side(one) }, bench.rounds(ROUNDS))
    return [ratio('two workers / one, a core each', 'photos/s', comparison, { atLeast: 1.8 })]
  },
}

/** The first worker of each lane on the first core, with all its threads, and so on. */
async function giveCores({ workers }: Darkroom): Promise<void> {
  const run = promisify(execFile)
  const cores = workers.length / LANES.length
  await Promise.all(
    workers.map(({ pid }, index) => run('taskset', ['-a', '-c', '-p', String(index % cores), String(pid)])),
  )
}
