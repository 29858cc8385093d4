import type { FilterBook } from '../../../src/filters/filter-book.ts'
import { type CompiledLook, lookAt } from '../../../src/photo/look/compiled-look.ts'
import type { Look } from '../../../src/photo/look/look.ts'

/** What a look does to pixels. Throws FilterMissingError. */
export async function lookOf({ filter, strength }: Look, filters: FilterBook): Promise<CompiledLook> {
  const { table, effects } = filters.get(filter)
  return lookAt({ table: await table(), effects }, strength)
}
