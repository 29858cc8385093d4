/**
 * The light that a value from 0 to 1 stands for, where 1 is the white of paper. PQ's goes on to 49; HLG's is what the
 * camera saw, from 0 to 1, of which to-srgb.ts makes what a screen shows.
 */
export type Transfer = { range: 'standard' | 'pq' | 'hlg'; light(value: number): number }

/** The white of paper on an HDR screen, in cd/m² (ITU-R BT.2408). */
export const HDR_WHITE = 203

export const sRgb = standard((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
const bt709 = standard((value) => (value < 0.081 ? value / 4.5 : ((value + 0.099) / 1.099) ** (1 / 0.45)))
const smpte240 = standard((value) => (value < 0.0913 ? value / 4 : ((value + 0.1115) / 1.1115) ** (1 / 0.45)))

/**
 * By number (ITU-T H.273, table 3): the inverse of what the table has. For BT.709 and its kin (1, 6, 14, 15) that is
 * the camera's curve, as colour management reads stills that name them, and not the 2.4 of a television in a dark room.
 */
export const TRANSFERS: Record<number, Transfer> = {
  1: bt709,
  4: power(2.2),
  5: power(2.8),
  6: bt709,
  7: smpte240,
  8: power(1),
  11: bt709,
  12: bt709,
  13: sRgb,
  14: bt709,
  15: bt709,
  16: { range: 'pq', light: (value) => fromPq(value) / HDR_WHITE },
  17: standard((value) => (52.37 / 48) * value ** 2.6),
  18: { range: 'hlg', light: fromHlg },
}

export function power(exponent: number): Transfer {
  return standard((value) => value ** exponent)
}

export function standard(light: (value: number) => number): Transfer {
  return { range: 'standard', light }
}

const [M1, M2, C1, C2, C3] = [2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128]

/** cd/m² (SMPTE ST 2084). */
export function fromPq(value: number): number {
  const power = value ** (1 / M2)
  return 10_000 * (Math.max(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1)
}

export function toPq(luminance: number): number {
  const power = (luminance / 10_000) ** M1
  return ((C1 + C2 * power) / (1 + C3 * power)) ** M2
}

/** ITU-R BT.2100, table 5. */
function fromHlg(value: number): number {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073]
  return value <= 0.5 ? value ** 2 / 3 : (Math.exp((value - c) / a) + b) / 12
}
