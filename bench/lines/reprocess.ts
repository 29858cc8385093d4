import { availableParallelism } from 'node:os'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { startDarkroom, untilIdle } from '../darkroom.ts'
import { type Line, ratio } from '../line.ts'
import { compare, rateOf } from '../measure.ts'
import { takeIn } from '../render-crew.ts'
import { startRun, untilBegun, untilComplete } from '../reprocess-run.ts'

const PHOTOS = 40
const ROUNDS = 3

/**
 * Photos of 12 MP per second that a run makes anew, with all checks, against the same photos as they are uploaded, each on an
 * idle machine with the workers that `darkroom start` has; AVIF included.
 */
export const reprocessLine: Line = {
  name: 'reprocess',
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: availableParallelism() })
    const { queue } = darkroom.services
    const photo = await bench.photo('photo of 12 MP')
    const count = bench.rounds(PHOTOS)
    const made: PhotoId[] = []

    const live = async () => {
      const photoIds = await takeIn(photo, count, darkroom)
      const rate = await rateOf(count, async () => {
        await Promise.all(photoIds.map((photoId) => queue.enqueue({ kind: 'resize', photoId })))
        await untilIdle(darkroom)
      })
      made.splice(0, made.length, ...photoIds)
      return rate
    }
    const anew = async () => {
      if (made.length === 0) await live()
      const run = await startRun(darkroom, made)
      await untilBegun(darkroom, run)
      const begunAt = Date.now()
      const endedAt = await untilComplete(darkroom, run)
      return count / ((endedAt.getTime() - begunAt) / 1000)
    }
    const comparison = await compare({ ours: anew, against: live }, bench.rounds(ROUNDS))
    return [
      ratio('photos of 12 MP by a run / as they are uploaded', 'photos/s', comparison, { atLeast: 0.95 }),
    ]
  },
}
