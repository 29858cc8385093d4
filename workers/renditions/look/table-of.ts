import type { FilterBook } from '../../../src/filters/filter-book.ts'
import { atStrength, type ColorTable } from '../../../src/photo/color-table.ts'
import type { Look } from '../../../src/photo/look.ts'

/** The colour table of a look. Throws FilterMissingError. */
export async function tableOf({ filter, strength }: Look, filters: FilterBook): Promise<ColorTable> {
  const table = await filters.get(filter).table()
  return strength === 1 ? table : atStrength(table, strength)
}
