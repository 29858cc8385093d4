// Editions that a photo had before, or was to have: kept until they are due, then deleted.

/**
 * The number under which stands what was made of an edition beside what was shown of it, by a job that was done twice or by
 * other recipes: it is never shown, only deleted.
 */
export const beside = (edition: string) => `-1 - ${edition}`

/** A value and what was put beside it: of one edition both are to be deleted. */
const joined = (column: string) => `
  case when position(coalesce(excluded.${column}, '') in earlier.${column}) > 0 then earlier.${column}
    else coalesce(earlier.${column} || excluded.${column}, earlier.${column}, excluded.${column}) end`

/**
 * The part of a statement that puts editions aside, in one with what shows another or none. `editions` selects
 * photo_id, edition, filter, strength, renditions, later_renditions, recipe, due_at and the columns of `more`. Those put
 * aside twice are there once.
 */
export function putAside(editions: string, more: readonly string[] = []): string {
  const columns = [
    'photo_id',
    'edition',
    'filter',
    'strength',
    'renditions',
    'later_renditions',
    'recipe',
    'due_at',
  ]
  return `
    insert into earlier_renditions as earlier (${[...columns, ...more]})
    ${editions}
    on conflict (photo_id, edition) do update set
      ${more.map((column) => `${column} = excluded.${column}, `).join('')}
      renditions = ${joined('renditions')},
      later_renditions = ${joined('later_renditions')},
      recipe = case when earlier.recipe = excluded.recipe then earlier.recipe end,
      due_at = greatest(earlier.due_at, excluded.due_at)`
}
