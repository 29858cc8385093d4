import type { FilterName } from '../../src/photo/look/filter.ts'
import type { Look } from '../../src/photo/look/look.ts'
import { WORKER_ENV, WORKER_NODE_FLAGS } from '../../src/worker-processes.ts'
import { type Line, ratio } from '../line.ts'
import { compare } from '../measure.ts'
import type { Cost, CostQuestion } from '../processes/renditions-cost.ts'
import { startScript } from '../script-process.ts'

/** One of each family, as contrast and grain make larger files, which take longer to encode; three of them have a vignette or grain. */
const FILTERS = ['noir', 'coast', 'honey', 'harbor', 'linen', 'negative', 'velvet']
/** Below full strength a look costs most: its table is blended first. */
const LOOKS = FILTERS.map((name): Look => ({ filter: name as FilterName, strength: 0.7 }))
const ROUNDS = 3 * LOOKS.length

/** CPU time of all that is made of a photo in a look, one look after the other, against the photo as it is. */
export const filter: Line = {
  name: 'filter',
  measure: async (bench) => {
    const photo = await bench.photo('photo of 12 MP')
    await using worker = startScript<CostQuestion, Cost>(
      'renditions-cost.ts',
      [photo],
      WORKER_ENV,
      WORKER_NODE_FLAGS,
    )
    const costOf = async (look: Look | null) => (await worker.ask({ look, until: 'all' })).cpuMs
    // A worker compiles each table once, and V8 the loop over the pixels.
    for (const look of LOOKS) await costOf(look)

    let asked = 0
    const ours = () => costOf(LOOKS[asked++ % LOOKS.length] ?? null)
    const comparison = await compare({ ours, against: () => costOf(null) }, bench.rounds(ROUNDS))
    return [ratio('a photo with a look / without', 'CPU ms', comparison, { below: 1.1 })]
  },
}
