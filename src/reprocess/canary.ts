import type { Runs } from '../catalog/runs.ts'
import type { Source } from '../catalog/selected-photos.ts'
import type { Photo } from '../photo/photo.ts'
import { shardOf } from '../photo/photo-id.ts'
import type { Pace } from '../runs/through-jobs.ts'
import type { ReprocessSlice } from './slice.ts'

/** The parts of a run that makes these photos first, and pauses until somebody has looked at them: a part of their own. */
export function withCanary(
  slices: readonly ReprocessSlice[],
  canary: readonly Pick<Photo, 'id' | 'owner'>[],
): ReprocessSlice[] {
  const ids = canary.map(({ id }) => id)
  const others = slices.map(({ sources }) => ({
    sources,
    except: canary.filter((photo) => sources.some((source) => isOf(source, photo))).map(({ id }) => id),
  }))
  return [{ sources: [{ by: 'id', ids }], isCanary: true }, ...others]
}

function isOf(source: Source, { id, owner }: Pick<Photo, 'id' | 'owner'>): boolean {
  const isWithin = ({ from, to }: { from: number; to: number }) => shardOf(id) >= from && shardOf(id) <= to
  switch (source.by) {
    case 'state':
      return source.shards.some(isWithin)
    case 'shard':
      return isWithin(source)
    case 'owner':
      return owner === source.owner
    case 'id':
      return source.ids.includes(id)
  }
}

/** Begins nothing until the canary's part is complete and somebody has resumed the run: no other can come to its end before. */
export function afterCanary(pace: Pace, runs: Pick<Runs, 'find'>, run: number): Pace {
  let isOver = false
  return async (open) => {
    if (!isOver) {
      const { state, partsEnded } = await runs.find(run)
      isOver = state === 'running' && partsEnded > 0
    }
    return isOver ? await pace(open) : { jobs: 0, heldBecause: null }
  }
}
