import { SetupError } from '../errors.ts'

const MAX_SKEW_MS = 2_000
const DURATIONS = [
  ['days', 24 * 3_600_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1000],
] as const

/**
 * Throws SetupError when clocks differ. Each against each: two databases may be further apart than either is from us.
 */
export function checkClocks(clocks: readonly { name: string; skewMs: number }[]): void {
  const [latest, ...others] = clocks.toSorted((a, b) => b.skewMs - a.skewMs)
  const earliest = others.at(-1)
  if (!latest || !earliest || latest.skewMs - earliest.skewMs <= MAX_SKEW_MS) return
  throw new SetupError(
    `The clock of ${latest.name} is ${durationOf(latest.skewMs - earliest.skewMs)} ahead of that of ${earliest.name}. ` +
      'Set both by NTP: ids and the expiry of URLs follow them.',
  )
}

type AheadDatabase = { name: string; idsAheadMs: number }

/** A line of each database whose ids are dated later than now. */
export function tellOfIdsAhead(databases: readonly AheadDatabase[]): string[] {
  return databases
    .filter(({ idsAheadMs }) => idsAheadMs > MAX_SKEW_MS)
    .map(
      ({ name, idsAheadMs }) =>
        `The clock of ${name} was ahead once: until it has caught up, in ${durationOf(idsAheadMs)}, some new photos are dated later than they are.`,
    )
}

function durationOf(ms: number): string {
  const [unit, size] = DURATIONS.find(([, size]) => ms >= 2 * size) ?? ['ms', 1]
  return `${Math.round(ms / size)} ${unit}`
}
