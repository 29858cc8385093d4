import type { Range, Source } from '../catalog/runs/selected-photos.ts'
import { firstIdAt, type PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { Reprocess } from './reprocess.ts'
import type { ReprocessSlice } from './slice.ts'

/** Which photos an operator chose. Times are when they were taken in, the last not included. */
export type Choice = {
  state: Reprocess['select']['state']
  owners: readonly OwnerId[] | null
  ids: readonly PhotoId[] | null
  shards: Range | null
  from: Date | null
  to: Date | null
  newestFirst: boolean
  limit: number | null
}

/** So many ids of a list stand in a part. */
const IDS_OF_A_PART = 5_000

/** What is taken in from now on is made by today's recipes. */
export function selectionOf({ state, from, to, newestFirst }: Choice, now: Date): Reprocess['select'] {
  const before = to !== null && to < now ? to : now
  // Later than all there is, an id has no room for.
  const first = from !== null && from > now ? now : (from ?? new Date(0))
  return { state, newestFirst, from: firstIdAt(first), before: firstIdAt(before) }
}

/**
 * The parts of a run: of each database one, of each owner one, or of each few thousand ids; one alone where a limit is to
 * be kept to.
 */
export function slicesOf(
  { ids, owners, shards, limit }: Choice,
  places: readonly Range[][],
): ReprocessSlice[] {
  const sources = sourcesOf({ ids, owners, shards }, places)
  return limit === null ? sources.map((source) => ({ sources: [source] })) : [{ sources }]
}

function sourcesOf(
  { ids, owners, shards }: Pick<Choice, 'ids' | 'owners' | 'shards'>,
  places: readonly Range[][],
): Source[] {
  if (ids !== null) {
    return Array.from({ length: Math.ceil(ids.length / IDS_OF_A_PART) }, (_, part) => ({
      by: 'id',
      ids: ids.slice(part * IDS_OF_A_PART, (part + 1) * IDS_OF_A_PART),
    }))
  }
  if (owners !== null) return owners.map((owner) => ({ by: 'owner', owner }))
  if (shards !== null) return [{ by: 'shard', ...shards }]
  return places.map((ranges) => ({ by: 'state', shards: ranges }))
}
