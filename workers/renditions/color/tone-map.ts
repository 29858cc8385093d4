import { fromPq, HDR_WHITE, toPq } from './transfers.ts'

/**
 * What is left of light on a screen that shows none above white, where the picture's brightest is `peak` times white:
 * the curve of ITU-R BT.2390 (5.4.1), from that peak to white. All up to a knee stays as it is and a shoulder holds
 * the highlights apart, so that a picture without highlights is not changed at all.
 */
export function toneMap(light: number, peak: number): number {
  if (peak <= 1) return Math.min(light, 1)
  const top = toPq(peak * HDR_WHITE)
  const white = toPq(HDR_WHITE) / top
  const knee = 1.5 * white - 0.5
  const level = Math.min(toPq(light * HDR_WHITE) / top, 1)
  if (level <= knee) return light
  const t = (level - knee) / (1 - knee)
  const mapped =
    (2 * t ** 3 - 3 * t ** 2 + 1) * knee +
    (t ** 3 - 2 * t ** 2 + t) * (1 - knee) +
    (3 * t ** 2 - 2 * t ** 3) * white
  return fromPq(mapped * top) / HDR_WHITE
}
