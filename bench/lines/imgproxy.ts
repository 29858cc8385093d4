import { dirname } from 'node:path'
import { WORKER_ENV, WORKER_NODE_FLAGS } from '../../src/worker-processes.ts'
import { IMGPROXY, startImgproxy } from '../imgproxy.ts'
import { isMeasurable } from '../installed.ts'
import { type Figure, type Line, ratio } from '../line.ts'
import { compare } from '../measure.ts'
import type { PhotoName } from '../photo.ts'
import type { Cost, CostQuestion } from '../processes/renditions-cost.ts'
import { startScript } from '../script-process.ts'

const ROUNDS = 7
const PHOTOS: readonly [name: PhotoName, goal: number][] = [
  ['photo of 12 MP', 0.5],
  ['photo of 2 MP', 0.75],
]

/** CPU time of everything that is made of a photo, AVIF included, against imgproxy asked for each. */
export const imgproxy: Line = {
  name: 'imgproxy',
  measure: async (bench) => {
    if (!isMeasurable('imgproxy', IMGPROXY)) return []
    const figures: Figure[] = []
    for (const [name, goal] of PHOTOS) {
      const photo = await bench.photo(name)
      await using peer = await startImgproxy(dirname(photo))
      await using worker = startScript<CostQuestion, Cost>(
        'renditions-cost.ts',
        [photo],
        WORKER_ENV,
        WORKER_NODE_FLAGS,
      )
      const ours = async () => (await worker.ask({ look: null, until: 'all' })).cpuMs
      const comparison = await compare({ ours, against: () => peer.cpuOf(photo) }, bench.rounds(ROUNDS))
      figures.push(ratio(`all renditions of a ${name} / imgproxy`, 'CPU ms', comparison, { below: goal }))
    }
    return figures
  },
}
