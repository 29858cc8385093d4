/** The middle value and the quartiles around it. */
export type Spread = { median: number; low: number; high: number }

/** Both sides in the same unit, a rate or a cost, and ours as a multiple of the other's, round by round. */
export type Comparison = { ours: number; against: number; ratio: Spread }

/** Does its work once and tells the rate or the cost of it. */
export type Side = () => Promise<number>

/**
 * Runs the two sides in turn, round after round, after one of each that does not count. Each round gives one
 * ratio of two neighbours in time, so that what else runs on the machine hits both alike; who goes first
 * alternates, because the first writes what the second finds on its disk and in its caches.
 */
export async function compare(sides: { ours: Side; against: Side }, rounds: number): Promise<Comparison> {
  await sides.ours()
  await sides.against()
  const measured: { ours: number; against: number }[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      measured.push({ ours: await sides.ours(), against: await sides.against() })
    } else {
      const against = await sides.against()
      measured.push({ ours: await sides.ours(), against })
    }
  }
  return {
    ours: spreadOf(measured.map(({ ours }) => ours)).median,
    against: spreadOf(measured.map(({ against }) => against)).median,
    ratio: spreadOf(measured.map(({ ours, against }) => ours / against)),
  }
}

/** How many of `count` things are done per second by the work that does them all. */
export async function rateOf(count: number, work: () => unknown): Promise<number> {
  const startedAt = performance.now()
  await work()
  return count / ((performance.now() - startedAt) / 1000)
}

/** Milliseconds that all threads of this process are busy while the work runs. */
export async function cpuMilliseconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** For what can't be measured in turn, being later and earlier of the same. */
export function compareOnce(ours: number, against: number): Comparison {
  return { ours, against, ratio: spreadOf([ours / against]) }
}

function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), low: quantile(values, 0.25), high: quantile(values, 0.75) }
}

/** Between two values it interpolates (Hyndman and Fan's type 7, as R and NumPy do). */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * fraction
  const [below = Number.NaN, above = below] = sorted.slice(Math.floor(place), Math.floor(place) + 2)
  return below + (above - below) * (place - Math.floor(place))
}
