import { ID_HOURS } from '../catalog/reserved-ids.ts'
import { firstIdAt } from '../photo/photo-id.ts'
import type { RunKind } from '../runs/run-kind.ts'

const HOUR_MS = 3_600_000
const PAGE = 1_000

/** Ids that were reserved and that nobody used are let go. */
export const spentIds: RunKind = {
  name: 'spent ids',
  pauseMs: 900_000,
  slices: () => [{}],
  work: async function* ({ catalog }) {
    const end = firstIdAt(new Date(Date.now() - ID_HOURS * HOUR_MS))
    for (;;) {
      const gone = await catalog.reservedIds.forget(end, PAGE)
      yield { cursor: null, done: gone }
      if (gone < PAGE) return
    }
  },
}
