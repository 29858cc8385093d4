import type { Catalog } from '../catalog/catalog.ts'
import type { Photo } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { PartAtWork } from '../runs/run-kind.ts'
import type { Chosen } from './count-selected.ts'
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

/** What a run's selection says of what is drawn of its photos, and what was. */
type Drawing = { draw?: number; canary?: Sample; sample?: Sample }

/** So many are looked at, to tell of what kinds all are. */
const LOOKED_AT = 5_000
const PAGE = 500
const PAGE_IN_ORDER = 1_000

/** A photo, and the number from 0 to 1 that it was drawn by. */
type Drawn = { id: PhotoId; at: number }

/**
 * Draws a sample of so many of those that a run would take: of each stratum at random, but of each look one before others.
 * Reads what a count reads, page by page, and the rows of some thousands. Null when `until` was aborted before.
 */
export async function takeSample(
  { selected, photos }: Pick<Catalog, 'selected' | 'photos'>,
  chosen: Chosen,
  { size, until }: { size: number; until: AbortSignal },
): Promise<Sample | null> {
  let count = 0
  let drawn: Drawn[] = []
  for await (const ids of pagesOf(selected, chosen)) {
    if (until.aborted) return null
    count += ids.length
    drawn = leastOf([...drawn, ...ids.map((id) => ({ id, at: Math.random() }))])
  }
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
  // Of so few all were looked at, and some may be gone by now.
  const population = count <= LOOKED_AT ? seen.length : count
  return {
    population,
    looked: seen.length,
    owners: ownersOf(
      seen.map(({ owner }) => owner),
      population,
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

/**
 * The sample of a run, of so many as its selection says: drawn and kept there, or what was kept before, as when a server died that
 * had drawn it. Null when the run is paused before.
 */
export async function drawOnce(
  catalog: Pick<Catalog, 'selected' | 'photos' | 'runs'>,
  { run, selection, pausing }: Pick<PartAtWork, 'run' | 'selection' | 'pausing'>,
  name: 'canary' | 'sample',
  chosen: Chosen,
): Promise<Sample | null> {
  const { draw: size = 0, [name]: kept } = selection as Drawing
  if (kept) return kept
  const sample = await takeSample(catalog, chosen, { size, until: pausing })
  return sample && (((await catalog.runs.note(run, { [name]: sample })) as Drawing)[name] ?? sample)
}

/** The photos of a sample that are to be made. */
export function idsOf({ strata }: Pick<Sample, 'strata'>): PhotoId[] {
  return strata.flatMap(({ ids }) => ids)
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

/** All that were chosen; of a limited choice the first so many, in the order in which the run takes them. */
async function* pagesOf(
  selected: Catalog['selected'],
  { sources, selection, limit }: Chosen,
): AsyncGenerator<PhotoId[]> {
  let left = limit ?? 0
  for (const source of sources) {
    if (limit === null) yield* selected.all(source, selection)
    else {
      for (let cursor: unknown = null, isLast = false; !isLast && left > 0; ) {
        const page = await selected.page(source, selection, cursor, Math.min(left, PAGE_IN_ORDER))
        left -= page.ids.length
        yield page.ids
        ;({ cursor, isLast } = page)
      }
    }
  }
}

/** Those with the least numbers: each photo is as likely among them as any other. */
function leastOf(drawn: readonly Drawn[]): Drawn[] {
  return drawn.toSorted((a, b) => a.at - b.at).slice(0, LOOKED_AT)
}
