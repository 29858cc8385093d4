import { atStrength, type ColorTable, compileFilter } from '../../src/photo/color-table.ts'
import { FILTERS, type FilterName } from '../../src/photo/filters.ts'
import type { Look } from '../../src/photo/look.ts'

// Compiling takes as long as applying, and there are a dozen filters of 430 kB.
const compiled = new Map<FilterName, ColorTable>()

/** The colour table of a look. */
export function tableOf({ filter, strength }: Look): ColorTable {
  const table = compiled.get(filter) ?? compileFilter(FILTERS[filter])
  compiled.set(filter, table)
  return strength === 1 ? table : atStrength(table, strength)
}
