import type { Filter, FilterName } from './filter.ts'
import { BOLD } from './filters/bold.ts'
import { CLEAR } from './filters/clear.ts'
import { COOL } from './filters/cool.ts'
import { FADED } from './filters/faded.ts'
import { FILM } from './filters/film.ts'
import { MONOCHROME } from './filters/monochrome.ts'
import { WARM } from './filters/warm.ts'

/** The looks every installation has, by family. A change of one changes its table's digest, and with it every key. */
export const FILTERS: ReadonlyMap<FilterName, Filter> = new Map(
  [MONOCHROME, CLEAR, WARM, COOL, FADED, FILM, BOLD].flatMap((family) =>
    Object.entries<Filter>(family).map(([name, filter]) => [name as FilterName, filter]),
  ),
)
