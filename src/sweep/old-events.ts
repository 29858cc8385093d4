import { EVENT_HOURS, UNTOLD_HOURS } from '../catalog/events/photo-events.ts'
import { firstIdAt } from '../photo/photo-id.ts'
import type { RunKind } from '../runs/run-kind.ts'

const PAGE = 1_000

/** What happened to photos is forgotten after a day, and after three when a webhook was to be told of it and has not taken it. */
export function oldEvents({ hasWebhook }: { hasWebhook: boolean }): RunKind {
  return {
    name: 'old events',
    pauseMs: 900_000,
    slices: () => [{}],
    work: async function* ({ catalog: { photoEvents } }) {
      for (const isTold of [true, false]) {
        const hours = isTold || !hasWebhook ? EVENT_HOURS : UNTOLD_HOURS
        const end = firstIdAt(new Date(Date.now() - hours * 3_600_000))
        for (let gone = PAGE; gone === PAGE; ) {
          gone = await photoEvents.forget({ isTold, end }, PAGE)
          yield { cursor: null, done: gone }
        }
      }
    },
  }
}
