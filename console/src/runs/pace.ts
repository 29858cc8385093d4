import type { Run } from 'darkroom-client'

/** From so much on a rate says something, in seconds and photos. */
const LEAST_SECONDS = 3
const LEAST_PHOTOS = 3

/** Photos a second over the time that it ran, and how many seconds are left at that; null while that is not known, and while it is paused. */
export function paceOf(
  run: Pick<Run, 'state' | 'selected' | 'left' | 'ranSeconds' | 'recurs' | 'isCounted'>,
): {
  rate: number | null
  secondsLeft: number | null
} {
  const settled = run.selected - run.left
  const isTold = !run.recurs && run.ranSeconds >= LEAST_SECONDS && settled >= LEAST_PHOTOS
  const rate = isTold ? settled / run.ranSeconds : null
  const goesOn = run.state === 'running' && run.isCounted
  return { rate, secondsLeft: rate !== null && goesOn ? run.left / rate : null }
}

/** What is settled of it, one way or the other, from 0 to 1. */
export function partOf({ selected, left, isCounted }: Pick<Run, 'selected' | 'left' | 'isCounted'>): number {
  return selected === 0 ? Number(isCounted) : 1 - left / selected
}

/** Whether its canary is made, and it waits for somebody to have looked at it. */
export function waitsForLook(
  run: Pick<Run, 'canary' | 'state' | 'steeredBy' | 'selected' | 'left'>,
): boolean {
  return (
    run.canary !== null &&
    run.state === 'paused' &&
    run.steeredBy === null &&
    run.left > 0 &&
    run.selected - run.left >= run.canary
  )
}

export const ENDED: ReadonlySet<Run['state']> = new Set(['complete', 'stopped', 'cancelled'])
