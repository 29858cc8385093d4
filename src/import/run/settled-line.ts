import type { PhotoId } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'
import type { Facts } from '../line.ts'

/** How a line ends: taken in, there before, not wanted, not possible, or not there. */
export const OUTCOMES = ['imported', 'already_there', 'skipped', 'refused', 'missing'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** A line at its end, as a report tells it. */
export type SettledLine = {
  path: string
  outcome: Outcome
  /** Why, of what was not imported. */
  code: string | null
  message: string | null
  /** The photo that it has become, or that was there. */
  photo: PhotoId | null
  owner: OwnerId | null
  externalId: string | null
  /** Null when nothing tells it: then the photo is of now. */
  postedAt: Date | null
  group: Facts['group']
  bytes: number
}

export function settled(
  path: string,
  outcome: Outcome,
  more: Partial<Omit<SettledLine, 'path' | 'outcome'>> = {},
): SettledLine {
  return {
    path,
    outcome,
    code: null,
    message: null,
    photo: null,
    owner: null,
    externalId: null,
    postedAt: null,
    group: null,
    bytes: 0,
    ...more,
  }
}
