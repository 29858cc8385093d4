import { type Static, Type } from 'typebox'
import type { BookedFilter } from '../../filters/filter-book.ts'

export const filterSchema = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    description: Type.String(),
    isKept: Type.Boolean({
      description: 'By an operator, who may change it: its paths change with its table.',
    }),
    cube: Type.String({ description: 'Path of its colour table as a `.cube` file.' }),
    hald: Type.String({ description: 'Path of its colour table as a HALD picture.' }),
  },
  { title: 'Filter' },
)
export const filtersReply = Type.Object({ filters: Type.Array(filterSchema) }, { title: 'Filters' })

export function filterReply(
  { name, title, description, digest, origin }: Omit<BookedFilter, 'table'>,
  basePath: string,
): Static<typeof filterSchema> {
  const table = `${basePath}/v1/filters/${name}`
  return {
    name,
    title,
    description,
    isKept: origin === 'kept',
    cube: `${table}.cube?v=${digest}`,
    hald: `${table}.png?v=${digest}`,
  }
}
