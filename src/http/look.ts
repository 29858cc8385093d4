import { InvalidFieldError } from '../errors.ts'
import type { FilterBook } from '../filters/filter-book.ts'
import type { Look } from '../photo/look.ts'

/**
 * The look a client asks for. Strength is 0 to 1 and counts in hundredths; a strength of 0 is no look at all.
 * Throws InvalidFieldError when there is no such filter.
 */
export function lookOf(name: string, strength: number, filters: FilterBook): Look | null {
  const filter = filters.find(name)
  if (!filter) {
    const names = filters.all.map((candidate) => candidate.name)
    throw new InvalidFieldError(`"filter" must be one of ${names.join(', ')}.`)
  }
  const hundredths = Math.round(strength * 100) / 100
  return hundredths === 0 ? null : { filter: filter.name, strength: hundredths }
}
