import type { Photo } from '../photo/photo.ts'

/** Of upright pixels, in millions: up to where each size goes. */
const SIZES = [2, 8, 20] as const

/** The kind of a photo, in words: photos of a kind cost about as much. */
export function stratumOf({ original, facts, look }: Pick<Photo, 'original' | 'facts' | 'look'>): string {
  const words = [original.format ?? 'not looked at yet', facts === null ? 'size unknown' : sizeOf(facts)]
  return [...words, ...(look ? ['with a look'] : [])].join(', ')
}

function sizeOf({ width, height }: { width: number; height: number }): string {
  const pixels = (width * height) / 1e6
  const above = SIZES.findIndex((size) => pixels < size)
  if (above === 0) return `below ${SIZES[0]} MP`
  return above < 0 ? `${SIZES.at(-1)} MP and more` : `${SIZES[above - 1]} to ${SIZES[above]} MP`
}

/**
 * How many of each of some groups to take, to have so many in all: in proportion, but two of each where there are two, as
 * one says nothing of how they differ. When there are more groups than that, one of each of the largest.
 */
export function allocate(sizes: readonly number[], total: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0)
  if (all <= total) return [...sizes]
  const least = sizes.length * 2 <= total ? 2 : sizes.length <= total ? 1 : 0
  const taken = sizes.map((size) => Math.min(size, least))
  const inOrder = sizes.map((_, index) => index).toSorted((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0))
  for (let rest = total - taken.reduce((sum, each) => sum + each, 0); rest > 0; rest--) {
    // The one that lacks most of its share; a tie goes to the largest.
    const lack = (index: number) => ((sizes[index] ?? 0) / all) * total - (taken[index] ?? 0)
    const open = inOrder.filter((index) => (taken[index] ?? 0) < (sizes[index] ?? 0))
    const next = open.reduce((best, index) => (lack(index) > lack(best) ? index : best), open[0] as number)
    taken[next] = (taken[next] ?? 0) + 1
  }
  return taken
}

/** The number of owners of so many photos, told by those of a random part of them. */
export function ownersOf(owners: readonly string[], population: number): { count: number; isExact: boolean } {
  const counts = Map.groupBy(owners, (owner) => owner)
  const [seen, looked] = [counts.size, owners.length]
  if (looked >= population) return { count: seen, isExact: true }
  // Haas and Stokes 1998, "Estimating the Number of Classes in a Finite Population": the estimator that PostgreSQL uses, too.
  const once = [...counts.values()].filter((each) => each.length === 1).length
  const estimate = (looked * seen) / (looked - once + (once * looked) / population)
  return { count: Math.round(Math.min(Math.max(estimate, seen), population)), isExact: false }
}
