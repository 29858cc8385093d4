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
    cube: Type.String({ description: 'Path of its colour table as a `.cube` file: of its colours alone.' }),
    hald: Type.String({ description: 'Path of its colour table as a HALD picture: of its colours alone.' }),
    vignette: Type.Number({
      description:
        'How much darker than the middle the corners are, after the colours: 0 is not at all, 1 black. `strength` takes that share of it.',
    }),
    grain: Type.Number({
      description:
        'How much lighter or darker grain makes a middle grey at most, after the vignette: 0 is not at all, 1 white or black. `strength` takes that share of it.',
    }),
  },
  { title: 'Filter' },
)
export const filtersReply = Type.Object({ filters: Type.Array(filterSchema) }, { title: 'Filters' })

export function filterReply(
  { name, title, description, digest, origin, effects }: Omit<BookedFilter, 'table'>,
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
    ...effects,
  }
}
