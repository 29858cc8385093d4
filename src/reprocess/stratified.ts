/** What a total may be: 9 times of 10 it lies between `low` and `high`. */
export type Interval = { expected: number; low: number; high: number }

/** A kind of photos: how many of those that were looked at are of it, and what was measured of some of these. */
export type Measured = { looked: number; values: readonly number[] }

/** Of the normal distribution, for 90 % between both sides. */
const Z = 1.6448536

/**
 * The total of all of a population, by some of each stratum, with its 90 % interval.
 *
 * Two-phase sampling for stratification: of `population` photos `looked` were drawn at random and put into strata, and of
 * each stratum some were drawn at random and measured. The mean is that of the strata, each by its part of those that
 * were looked at; its variance is that within the strata, with the correction for finite populations, and, unless all were
 * looked at, that of the parts (Cochran, Sampling Techniques, 3rd edition 1977: 5.6 and 12.2). The interval is Student's,
 * with the degrees of freedom by Satterthwaite (Cochran 5.16). A stratum of which one alone was measured tells nothing of
 * how its photos differ, and is put together with the next (collapsed strata: Cochran 5A.12).
 */
export function totalOf(
  measured: readonly Measured[],
  { population, looked }: { population: number; looked: number },
): Interval {
  const strata = collapsed(measured)
  const seen = strata.reduce((sum, stratum) => sum + stratum.looked, 0)
  if (seen === 0) return { expected: 0, low: 0, high: 0 }
  const parts = strata.map(({ looked: size, values }) => {
    const weight = size / seen
    const mean = sum(values) / values.length
    const spread = values.length > 1 ? sum(values.map((each) => (each - mean) ** 2)) / (values.length - 1) : 0
    const all = weight * population
    const rest = Math.max(0, 1 - values.length / all)
    return { weight, mean, variance: (weight ** 2 * rest * spread) / values.length, free: values.length - 1 }
  })
  const mean = sum(parts.map((part) => part.weight * part.mean))
  const within = sum(parts.map(({ variance }) => variance))
  const between = sum(parts.map((part) => part.weight * (part.mean - mean) ** 2))
  const ofParts = looked < population ? (between * (population - looked)) / (looked * (population - 1)) : 0
  const squares = sum(parts.map(({ variance, free }) => (free > 0 ? variance ** 2 / free : 0)))
  const free =
    squares > 0 ? (within + ofParts) ** 2 / (squares + ofParts ** 2 / Math.max(1, looked - 1)) : 1e9
  const half = student(free) * Math.sqrt(within + ofParts) * population
  const expected = mean * population
  return { expected, low: expected - half, high: expected + half }
}

/** Those with a single value among more are put together with the one before that has the fewest. */
function collapsed(measured: readonly Measured[]): Measured[] {
  const strata = measured.filter(({ looked }) => looked > 0)
  const isAlone = ({ looked, values }: Measured) => values.length < Math.min(2, looked)
  const alone = strata.filter(isAlone)
  const others = strata
    .filter((stratum) => !isAlone(stratum))
    .toSorted((a, b) => a.values.length - b.values.length)
  if (alone.length === 0) return others
  const [next, ...rest] = others
  const together = [...alone, ...(next ? [next] : [])]
  const one = {
    looked: sum(together.map(({ looked }) => looked)),
    values: together.flatMap(({ values }) => values),
  }
  return one.values.length > 0 ? [one, ...rest] : rest
}

/** The 95 % quantile of Student's distribution, by the expansion of Cornish and Fisher; exact to 3 % from 2 degrees on. */
function student(freedom: number): number {
  const [z, n] = [Z, Math.max(freedom, 1)]
  return (
    z +
    (z ** 3 + z) / (4 * n) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * n ** 3)
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
