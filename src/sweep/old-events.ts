import { EVENT_HOURS } from '../catalog/photo-events.ts'
import { firstIdAt } from '../photo/photo-id.ts'
import type { RunKind } from '../runs/run-kind.ts'

const PAGE = 1_000

/** What happened to photos is forgotten after a day. */
export const oldEvents: RunKind = {
  name: 'old events',
  pauseMs: 900_000,
  slices: () => [{}],
  work: async function* ({ catalog: { photoEvents } }) {
    const end = firstIdAt(new Date(Date.now() - EVENT_HOURS * 3_600_000))
    for (const isTold of [true, false]) {
      for (let gone = PAGE; gone === PAGE; ) {
        gone = await photoEvents.forget({ isTold, end }, PAGE)
        yield { cursor: null, done: gone }
      }
    }
  },
}
