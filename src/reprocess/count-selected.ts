import type { SelectedPhotos, Selection, Source } from '../catalog/runs/selected-photos.ts'
import type { PhotoId } from '../photo/photo-id.ts'

/** Photos that somebody chose. */
export type Chosen = { sources: readonly Source[]; selection: Selection; limit: number | null }

/** What a run chooses of these sources, by what it is started with. */
export function chosenBy(
  {
    select,
    work: { recipes },
    limit,
  }: { select: Omit<Selection, 'recipes'>; work: Pick<Selection, 'recipes'>; limit: number | null },
  sources: readonly Source[],
): Chosen {
  return { sources, selection: { ...select, recipes }, limit }
}

/** At least so many; exactly, when all are counted. */
export type Count = { photos: number; isAll: boolean }

/**
 * How many photos were chosen, of a list all that it names, without those of `except`. Reads page by page, until all are counted or
 * `until` is aborted.
 */
export async function countSelected(
  selected: Pick<SelectedPhotos, 'all'>,
  { sources, selection, limit }: Chosen,
  { except = [], until }: { except?: readonly PhotoId[]; until: AbortSignal },
): Promise<Count> {
  const left = new Set(except)
  const most = limit === null ? Infinity : Math.max(0, limit - left.size)
  let photos = 0
  for (const source of sources) {
    for await (const ids of source.by === 'id' ? [source.ids] : selected.all(source, selection)) {
      photos += ids.filter((id) => !left.has(id)).length
      if (photos >= most) return { photos: most, isAll: true }
      if (until.aborted) return { photos, isAll: false }
    }
  }
  return { photos, isAll: true }
}
