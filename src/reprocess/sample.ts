import type { Catalog } from '../catalog/catalog.ts'
import { type Drawn, leastOf, type Selection, type Source } from '../catalog/selected-photos.ts'
import type { Photo } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import { allocate, ownersOf, stratumOf } from './strata.ts'

/** A kind of photos: how many of those that were looked at are of it, and which of them are to be made. */
export type Stratum = { name: string; looked: number; ids: readonly PhotoId[] }

/** Some of a population that was looked at, in strata. */
export type Sample = {
  population: number
  looked: number
  owners: { count: number; isExact: boolean }
  strata: readonly Stratum[]
}

/** So many are looked at, to tell of what kinds all are. */
const LOOKED_AT = 5_000
const PAGE = 500

type Chosen = { sources: readonly Source[]; selection: Selection; limit: number | null }

/**
 * Draws a sample of so many of those that a run would take: of each stratum at random, but of each look one before others.
 * Reads what a count reads, and the rows of some thousands.
 */
export async function takeSample(
  { selected, photos }: Pick<Catalog, 'selected' | 'photos'>,
  chosen: Chosen,
  { population, size }: { population: number; size: number },
): Promise<Sample> {
  const drawn = chosen.limit === null ? await drawAll(selected, chosen) : await drawFirst(selected, chosen)
  const seen: Photo[] = []
  for (let at = 0; at < drawn.length; at += PAGE)
    seen.push(...(await photos.findAll(drawn.slice(at, at + PAGE).map(({ id }) => id))))
  const order = new Map(drawn.map(({ id }, index) => [id, index]))
  const place = ({ id }: Photo) => order.get(id) ?? 0
  const groups = [...Map.groupBy(seen, stratumOf)].toSorted(([, a], [, b]) => b.length - a.length)
  const counts = allocate(
    groups.map(([, group]) => group.length),
    size,
  )
  return {
    population: drawn.length < LOOKED_AT ? seen.length : population,
    looked: seen.length,
    owners: ownersOf(
      seen.map(({ owner }) => owner),
      drawn.length < LOOKED_AT ? seen.length : population,
    ),
    strata: groups.map(([name, group], index) => ({
      name,
      looked: group.length,
      ids: eachLookFirst(group.toSorted((a, b) => place(a) - place(b)))
        .slice(0, counts[index])
        .map(({ id }) => id),
    })),
  }
}

/** In their order, but one of each look before others: who looks at some shall see all looks. They cost alike. */
function eachLookFirst(photos: readonly Photo[]): Photo[] {
  const seen = new Map<string, number>()
  const rank = new Map(
    photos.map((photo) => {
      const filter = photo.look?.filter ?? ''
      seen.set(filter, (seen.get(filter) ?? 0) + 1)
      return [photo, seen.get(filter) === 1 ? 0 : 1]
    }),
  )
  return photos.toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))
}

async function drawAll(
  selected: Catalog['selected'],
  { sources, selection }: Omit<Chosen, 'limit'>,
): Promise<Drawn[]> {
  let drawn: Drawn[] = []
  for (const source of sources)
    drawn = leastOf([...drawn, ...(await selected.draw(source, selection, LOOKED_AT))], LOOKED_AT)
  return drawn
}

/** Of the first so many alone, in the order in which the run takes them. */
async function drawFirst(
  selected: Catalog['selected'],
  { sources, selection, limit }: Chosen,
): Promise<Drawn[]> {
  let drawn: Drawn[] = []
  let left = limit ?? 0
  for (const source of sources) {
    for (let cursor: unknown = null, isLast = false; !isLast && left > 0; ) {
      const page = await selected.page(source, selection, cursor, Math.min(left, 1_000))
      left -= page.ids.length
      drawn = leastOf([...drawn, ...page.ids.map((id) => ({ id, at: Math.random() }))], LOOKED_AT)
      ;({ cursor, isLast } = page)
    }
  }
  return drawn
}
