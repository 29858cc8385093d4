import type { FilterBook } from '../../filters/filter-book.ts'
import type { Look } from '../../photo/look/look.ts'
import { InvalidFieldError } from '../errors.ts'

const FULL_STRENGTH = 1

/**
 * The look a client asks for. Strength is 0 to 1, 1 if nothing is said, and counts in hundredths; a strength of 0 is
 * no look at all. Throws InvalidFieldError when there is no such filter.
 */
export async function requestedLook(
  { filter: name, strength = FULL_STRENGTH }: { filter: string; strength?: number | undefined },
  filters: FilterBook,
): Promise<Look | null> {
  await filters.learn(name)
  const filter = filters.find(name)
  if (!filter)
    throw new InvalidFieldError(
      `There is no filter "${name.slice(0, 40)}". GET /v1/filters lists those there are.`,
    )
  const hundredths = Math.round(strength * 100) / 100
  return hundredths === 0 ? null : { filter: filter.name, strength: hundredths }
}
