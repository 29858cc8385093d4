import type { FilterName } from './filter.ts'

/** A named filter at a strength above 0 and up to 1. No look at all is `null`. */
export type Look = { filter: FilterName; strength: number }

/** A look with the digest of what its filter is here. */
export type AppliedLook = Look & { digest: string }

/** A filter, and the digest of what it is here. */
export type DigestedFilter = Pick<AppliedLook, 'filter' | 'digest'>

/**
 * A look that a photo is to get, and the edition it will be. Every change asked for counts one up, also one that
 * another overtakes before it is made.
 */
export type LookChange = { look: Look | null; edition: number }
