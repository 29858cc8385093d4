import type { PhotoId } from '../photo/photo-id.ts'
import { movePhoto } from '../places/move-photo.ts'
import type { RunKind } from '../runs/run-kind.ts'
import { proveKeeper } from './keeper.ts'

const PAGE = 100

/** Photos of before there were secrets get one: their renditions move from `renditions/` to where those of others lie. */
export const oldPlaces: RunKind = {
  name: 'old places',
  pauseMs: 3_600_000,
  slices: () => [{}],
  work: async function* (engines, part, log) {
    await proveKeeper(engines)
    let after = part.cursor as PhotoId | null
    while (!part.pausing.aborted) {
      const page = await engines.catalog.places.withoutSecret(after, PAGE)
      for (const { id } of page) await movePhoto(engines, id, null, log)
      after = page.at(-1)?.id ?? null
      yield { cursor: after, done: page.length }
      if (page.length < PAGE) return
    }
  },
}
