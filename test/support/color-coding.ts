/** The other way than workers go: from sRGB into other colour spaces, by the numbers that standards and others print. */

type Triple = readonly [number, number, number]

const SRGB_TO_XYZ: readonly [Triple, Triple, Triple] = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
]

/** To XYZ under D65, as Bruce Lindbloom prints them, and of BT.2020 and P3 as their standards do; by number (table 2). */
const TO_XYZ: Record<number, readonly [Triple, Triple, Triple]> = {
  1: SRGB_TO_XYZ,
  2: SRGB_TO_XYZ,
  5: [
    [0.430619, 0.3415419, 0.1783091],
    [0.2220379, 0.7066384, 0.0713236],
    [0.0201853, 0.1295504, 0.9390944],
  ],
  6: [
    [0.3935891, 0.3652497, 0.1916313],
    [0.2124132, 0.7010437, 0.0865432],
    [0.0187423, 0.1119313, 0.9581563],
  ],
  9: [
    [0.636958, 0.144617, 0.168881],
    [0.2627, 0.677998, 0.059302],
    [0, 0.028073, 1.060985],
  ],
  12: [
    [0.486571, 0.265668, 0.198217],
    [0.228975, 0.691739, 0.079287],
    [0, 0.045113, 1.043944],
  ],
}

const bt709 = (light: number) => (light < 0.018 ? 4.5 * light : 1.099 * light ** 0.45 - 0.099)
const sRgb = (light: number) => (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055)

/** Values of light from 0 to 1, white, by number (ITU-T H.273, table 3). */
const CURVES: Record<number, (light: number) => number> = {
  1: bt709,
  2: sRgb,
  4: (light) => light ** (1 / 2.2),
  5: (light) => light ** (1 / 2.8),
  6: bt709,
  7: (light) => (light < 0.0228 ? 4 * light : 1.1115 * light ** 0.45 - 0.1115),
  8: (light) => light,
  13: sRgb,
  14: bt709,
  15: bt709,
  16: (light) => pq(light * 203),
  18: (light) =>
    light <= 1 / 12 ? Math.sqrt(3 * light) : 0.17883277 * Math.log(12 * light - 0.28466892) + 0.55991073,
}

/** The value that stands for so many cd/m² (SMPTE ST 2084). */
export function pq(luminance: number): number {
  const power = (luminance / 10_000) ** 0.1593017578125
  return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
}

/** An 8-bit sRGB colour in that space, each value from 0 to 1. White in HDR has 203 cd/m². */
export function codeColor(rgb: readonly number[], primaries: number, transfer: number): number[] {
  const light = rgb.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const to = TO_XYZ[primaries] as (typeof TO_XYZ)[number]
  const other = solve(to, apply(SRGB_TO_XYZ, light)).map((value) => Math.max(0, value))
  const curve = CURVES[transfer] as (light: number) => number
  return (transfer === 18 ? seenByCamera(other, to[1]) : other).map(curve)
}

/** What makes an HLG screen of 1,000 cd/m² show that light. */
function seenByCamera(light: readonly number[], [red, green, blue]: Triple): number[] {
  const shown = light.map((value) => (value * 203) / 1000)
  const [r = 0, g = 0, b = 0] = shown
  const luminance = red * r + green * g + blue * b
  return shown.map((value) => (luminance === 0 ? 0 : value * luminance ** (1 / 1.2 - 1)))
}

function apply(matrix: readonly Triple[], [a = 0, b = 0, c = 0]: readonly number[]): number[] {
  return matrix.map((row) => row[0] * a + row[1] * b + row[2] * c)
}

/** By Cramer's rule. */
function solve(matrix: readonly [Triple, Triple, Triple], wanted: readonly number[]): number[] {
  const determinant = ([a, b, c]: readonly [Triple, Triple, Triple]) =>
    a[0] * (b[1] * c[2] - b[2] * c[1]) -
    a[1] * (b[0] * c[2] - b[2] * c[0]) +
    a[2] * (b[0] * c[1] - b[1] * c[0])
  return [0, 1, 2].map((column) => {
    const replaced = matrix.map((row, i) =>
      row.map((value, at) => (at === column ? (wanted[i] as number) : value)),
    ) as unknown as [Triple, Triple, Triple]
    return determinant(replaced) / determinant(matrix)
  })
}
