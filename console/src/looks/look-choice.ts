import { signal } from '@preact/signals'
import type { Filter, Photo } from 'darkroom-client'
import type { Effects } from '../../../src/photo/look/effects.ts'
import { API } from '../place.ts'

/** A look to choose: one of Darkroom's, or a `.cube` that is on this page alone, whose `file` then is known. */
export type LookChoice = Effects & {
  name: string
  title: string
  description: string
  /** What its colours are drawn by; null leaves the photo as it is. */
  table: string | null
  file: DroppedFile | null
  /** An operator keeps it, and may do so no more. */
  isKept: boolean
}

export type DroppedFile = { name: string; text: string }

/** Of a photo: null is none. */
export type Look = { filter: string; strength: number } | null

/** What was dropped stays until the page is left. */
export const dropped = signal<readonly LookChoice[]>([])

export function choiceOf(filter: Filter): LookChoice {
  const { name, title, description, cube, vignette, grain, isKept } = filter
  const table = new URL(cube, API).href
  return { name, title, description, table, vignette, grain, file: null, isKept }
}

export function lookOf({ filter, strength }: Pick<Photo, 'filter' | 'strength'>): Look {
  return filter === null ? null : { filter, strength: strength ?? 1 }
}

export function isSameLook(one: Look, other: Look): boolean {
  return one?.filter === other?.filter && one?.strength === other?.strength
}
