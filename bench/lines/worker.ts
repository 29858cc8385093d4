import { openHome } from '../darkroom.ts'
import { type Goal, type Line, ratio } from '../line.ts'
import { compare, rateOf } from '../measure.ts'
import { checkAlike } from '../plain-encode.ts'
import { type RenderCrew, startCrew, takeIn } from '../render-crew.ts'

const PHOTOS_PER_ROUND = 12
const ROUNDS = 9
/** Before the first round: a worker lives for weeks, and what it runs is compiled on its first photos. */
const WARM_UP = 24

/** What a worker's I/O adds: its whole way to ready against the same decode, scales and encodes without any. */
export const workerIo = worker({
  name: 'worker-io',
  what: 'a worker, before AVIF / the same without I/O',
  script: 'render-without-io.ts',
  differs: 0,
  goal: { atLeast: 0.93 },
})

/**
 * The worker's whole way to ready against a pipeline from the original for each rendition, without a catalog. One that
 * scales by another way has a few bytes more or less.
 */
export const workerEach = worker({
  name: 'worker-each',
  what: 'a worker, before AVIF / a pipeline per rendition',
  script: 'render-each.ts',
  differs: 0.02,
  goal: { atLeast: 1.4 },
})

/** `differs` is the share by which the bytes of all outputs together may differ. */
type Other = { name: string; what: string; script: string; differs: number; goal: Goal }

function worker({ name, what, script, differs, goal }: Other): Line {
  return {
    name,
    measure: async (bench) => {
      const photo = await bench.photo('photo of 12 MP')
      await using home = await openHome(bench)
      await using ours = startCrew('render-handler.ts', photo, home)
      await using other = startCrew(script, photo, home)
      const first = await takeIn(photo, WARM_UP, home)
      const [[a], [b]] = [await ours.render(first), await other.render(first)]
      checkAlike(a?.bytes ?? 0, b?.bytes ?? 0, differs)

      const side = (crew: RenderCrew) => async () => {
        const photoIds = await takeIn(photo, PHOTOS_PER_ROUND, home)
        return await rateOf(photoIds.length, () => crew.render(photoIds))
      }
      const comparison = await compare({ ours: side(ours), against: side(other) }, bench.rounds(ROUNDS))
      return [ratio(what, 'photos/s', comparison, goal)]
    },
  }
}
