import { cacheTagOf } from '../photo/cache-tag.ts'
import type { Copies } from './cdn.ts'

/** What stands for the copies of a photo in an invalidation, and how many CloudFront's quotas let through at once. */
export type CopyNaming = { nameOf(copies: Copies): string; most: number }

/** 150 tags a second, or 3,000 in progress: which of them holds is told only by a refusal. */
export const BY_TAG: CopyNaming = { nameOf: ({ id }) => `#${cacheTagOf(id)}`, most: 150 }
/** 15 wildcards in progress, or one a second. */
export const BY_PATH: CopyNaming = { nameOf: ({ prefix }) => `/${prefix}*`, most: 15 }
