import { KEY_HOURS } from '../catalog/photos/idempotency-keys.ts'
import { ID_HOURS } from '../catalog/photos/reserved-ids.ts'
import { firstIdAt } from '../photo/photo-id.ts'
import type { RunKind } from '../runs/run-kind.ts'

const HOUR_MS = 3_600_000
const PAGE = 1_000

/** Ids that were reserved and that nobody used are let go, and Idempotency-Keys that are old. */
export const spentIds: RunKind = {
  name: 'spent ids',
  pauseMs: 900_000,
  slices: () => [{}],
  work: async function* ({ catalog }) {
    const ends = [
      { room: catalog.reservedIds, end: hoursAgo(ID_HOURS) },
      { room: catalog.idempotencyKeys, end: hoursAgo(KEY_HOURS) },
    ]
    for (const { room, end } of ends) {
      for (let gone = PAGE; gone === PAGE; ) {
        gone = await room.forget(end, PAGE)
        yield { cursor: null, done: gone }
      }
    }
  },
}

const hoursAgo = (hours: number) => firstIdAt(new Date(Date.now() - hours * HOUR_MS))
