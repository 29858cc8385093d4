import { InvalidArgumentError } from 'commander'

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** Seconds in a duration such as 90s, 15m, 12h or 7d, or a bare number of them; ten years at most. For options of commander. */
export function parseDuration(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
  const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS]
  if (seconds >= 1 && seconds <= 3650 * SECONDS.d) return seconds
  throw new InvalidArgumentError('Give a number and a unit: 90s, 15m, 12h or 7d.')
}
