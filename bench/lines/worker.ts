import { openHome } from '../darkroom.ts'
import { type Goal, type Line, ratio } from '../line.ts'
import { compare, rateOf } from '../measure.ts'
import { type RenderCrew, startCrew, takeIn } from '../render-crew.ts'

const PHOTOS_PER_ROUND = 6
const ROUNDS = 9

/** Less difference than this in the bytes of all outputs together is a matter of resampling, not of less work. */
const SAME_OUTPUT = 0.1

/** The worker's whole way against the least that makes the same renditions: from memory to memory, no I/O. */
export const workerFloor = worker('worker-floor', 'a worker / its encoders from memory', 'render-floor.ts', {
  atLeast: 0.9,
})

/** The worker's whole way against a pipeline from the original for each rendition, without a catalog. */
export const workerEach = worker('worker-each', 'a worker / a pipeline per rendition', 'render-each.ts', {
  atLeast: 1.3,
})

function worker(name: string, what: string, script: string, goal: Goal): Line {
  return {
    name,
    measure: async (bench) => {
      const photo = await bench.photo('photo of 12 MP')
      await using home = await openHome(bench)
      await using ours = startCrew('render-handler.ts', photo, home)
      await using other = startCrew(script, photo, home)
      await checkSameOutput(ours, other, await takeIn(photo, 2, home))

      const side = (crew: RenderCrew) => async () => {
        const photoIds = await takeIn(photo, PHOTOS_PER_ROUND, home)
        return await rateOf(photoIds.length, () => crew.render(photoIds))
      }
      const comparison = await compare({ ours: side(ours), against: side(other) }, bench.rounds(ROUNDS))
      return [ratio(what, 'photos/s', comparison, goal)]
    },
  }
}

async function checkSameOutput(
  ours: RenderCrew,
  other: RenderCrew,
  photoIds: Parameters<RenderCrew['render']>[0],
): Promise<void> {
  const [a, b] = await Promise.all([ours.render(photoIds), other.render(photoIds)])
  const difference = Math.abs((a[0]?.bytes ?? 0) / (b[0]?.bytes ?? 0) - 1)
  if (!(difference < SAME_OUTPUT)) throw new Error(`the outputs differ by ${(difference * 100).toFixed(1)} %`)
}
