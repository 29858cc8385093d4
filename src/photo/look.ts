import type { FilterName } from './filters.ts'

/** A named filter at a strength above 0 and up to 1. No look at all is `null`. */
export type Look = { filter: FilterName; strength: number }
