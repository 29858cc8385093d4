/** How much was settled at a time, in ms. */
export type Sample = { at: number; settled: number }

/** Photos a second, and the seconds that are left by the fastest and the slowest third of the time; null while none is done. */
export type RunPace = { rate: number; secondsLeft: readonly [least: number, most: number] | null }

export function paceOf(left: number, samples: readonly Sample[]): RunPace {
  const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample]
  const rate = rateOf(first, last)
  if (rate === 0) return { rate, secondsLeft: null }
  const third = Math.floor(samples.length / 3)
  const rates = [0, 1, 2]
    .map((n) =>
      rateOf(samples[n * third] as Sample, samples[Math.min((n + 1) * third, samples.length - 1)] as Sample),
    )
    .filter((each) => each > 0)
  const between = third > 0 && rates.length > 1 ? rates : [rate]
  return { rate, secondsLeft: [left / Math.max(...between), left / Math.min(...between)] }
}

function rateOf(first: Sample, last: Sample): number {
  return last.at > first.at ? (last.settled - first.settled) / ((last.at - first.at) / 1000) : 0
}
