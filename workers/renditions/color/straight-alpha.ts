import type { Samples } from './samples.ts'

/** Of samples that are stored as they look before black, the colours themselves. In place. */
export function withStraightAlpha(samples: Samples): Samples {
  const { data, channels, white } = samples
  if (channels === 3) return samples
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] as number
    if (alpha === 0 || alpha >= white) continue
    for (let at = i; at < i + 3; at++) {
      data[at] = Math.min(((data[at] as number) * white) / alpha + 0.5, white)
    }
  }
  return samples
}
