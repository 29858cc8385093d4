import type { LookChange } from '../../photo/look/look.ts'
import type { Place } from '../../photo/object-keys.ts'
import type { PhotoFacts, Rendition } from '../../photo/photo.ts'
import { beside } from './earlier-renditions.ts'
import { liesIn } from './photo-row.ts'
import { encodeRenditions } from './rendition-value.ts'

// What the statements have in common that record an edition of a photo with what a job made of it.

/** When a job began, by performance.now(): what is shown of it tells how long it took. */
export type Began = { beganAt?: number }

/** What one job made of a photo by the recipes of that number, and what it found out about the picture. */
export type Made = { facts: PhotoFacts; renditions: readonly Rendition[]; recipe: number } & Began

/** $1 to $13 of such a statement; what is not shown any more is kept for so many seconds. */
export function madeValues(
  { id, secret }: Place,
  { look, edition }: LookChange,
  { facts, renditions, recipe, beganAt }: Made,
  keepSeconds: number,
): unknown[] {
  return [
    id,
    edition,
    look?.filter ?? null,
    look?.strength ?? null,
    facts.width,
    facts.height,
    facts.color,
    facts.thumbhash,
    encodeRenditions(renditions),
    recipe,
    keepSeconds,
    secret,
    developedMs(beganAt),
  ]
}

export function developedMs(beganAt: number | undefined): number | null {
  return beganAt === undefined ? null : Math.round(performance.now() - beganAt)
}

/** Hands the number to the trigger that tells of the photo, for as long as the statement lasts: a column of a row that it reads. */
export const tellsDeveloped = (parameter: string) =>
  `set_config('darkroom.developed_ms', coalesce(${parameter}::int::text, ''), true) as developed_ms`

/** The photo, if it is there still and lies where its renditions were put. */
export const IS_THERE = `id = $1 and ${liesIn('$12')} and deleted_at is null and photo_is_here($1)`

/** A photo that is shown in another edition stands in for what it was uploaded as, when that is made first. */
export const IS_READY = `status = case when photos.status = 'processing' then 'ready' else photos.status end`

/** What is set of a photo that is shown in the edition. */
export const SHOWS_MADE = `${IS_READY}, width = $5, height = $6, color = $7, thumbhash = decode($8, 'base64'),
  renditions = $9, recipe = $10`

/** For putAside: what was made of an edition that is not shown, to be deleted. */
export const asideOfMade = (where: string) =>
  `select id, ${beside('$2')}, $3::text, $4::double precision, $9, null, $10, now() from before where ${where}`

/** For putAside: the edition that another takes the place of, or \`as\` of it, to be kept. */
export const asideOfShown = (where: string, { keepSeconds = '$11', as = 'edition' } = {}) =>
  `select id, ${as}, filter, strength, renditions, later_renditions, recipe, now() + ${keepSeconds} * interval '1 second'
   from before where renditions is not null and ${where}`
