/** Named looks as data. Compiled to a colour table by photo/color-table.ts. */
export const FILTERS = {
  mono: { title: 'Mono' },
} as const

export type FilterName = keyof typeof FILTERS

export const FILTER_NAMES = Object.keys(FILTERS) as readonly FilterName[]
