import type { Effects } from './effects.ts'

/** The word a filter is asked for by. Which there are is told by the filter book: ours, and the operator's own. */
export type FilterName = string & { readonly brand: 'FilterName' }

/** One that an operator keeps in the catalog; `digest` names the content of its table: it has no effects. */
export type KeptFilter = { name: FilterName; title: string; digest: string }

/** What filters are called that come by a file or are kept: `kodak-2383-d65`. */
export const FILTER_NAME_PATTERN = '^[a-z0-9]+(?:-[a-z0-9]+)*$'
export const MAX_FILTER_NAME = 64

/** What a filter of that file is called: `Kodak 2383 (D65).cube` is `kodak-2383-d65`. Of a file without a Latin letter or digit nothing. */
export function filterNameOf(file: string): string {
  return file
    .replace(/\.cube$/i, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
}

/** A tone curve: points of input and output, both 0..1, rising from input 0 to input 1, output never falling. */
export type Curve = readonly (readonly [input: number, output: number])[]

/** Red, green and blue, as a colour, a share (rows of a mix) or an offset (tints). */
export type Rgb = readonly [red: number, green: number, blue: number]

/**
 * A named look as data, in sRGB-encoded values of 0..1. photo/compile-filter.ts makes a colour table of its parts in this order:
 * mix, saturation, tone, channel curves, tints, fade. Its effects, vignette and grain, come after that.
 */
export type Filter = Effects & {
  title: string
  description: string
  /** What each output channel takes of red, green and blue. Rows that add up to 1 keep grey grey. */
  mix: readonly [Rgb, Rgb, Rgb]
  /** 0 is greyscale, 1 leaves colours as they are. */
  saturation: number
  /** For all channels alike, before `red`, `green` and `blue`. */
  tone: Curve
  red: Curve
  green: Curve
  blue: Curve
  /** Added where the picture is dark, and where it is bright. */
  shadows: Rgb
  highlights: Rgb
  /** How far black is lifted towards the middle, as on a print that saw the sun. */
  fade: number
}

const STRAIGHT: Curve = [
  [0, 0],
  [1, 1],
]

/** What a filter leaves alone. */
export const UNTOUCHED = {
  mix: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  saturation: 1,
  tone: STRAIGHT,
  red: STRAIGHT,
  green: STRAIGHT,
  blue: STRAIGHT,
  shadows: [0, 0, 0],
  highlights: [0, 0, 0],
  fade: 0,
  vignette: 0,
  grain: 0,
} as const satisfies Omit<Filter, 'title' | 'description'>

/** A mix that makes every channel the same grey. */
export function grey(red: number, green: number, blue: number): readonly [Rgb, Rgb, Rgb] {
  const row: Rgb = [red, green, blue]
  return [row, row, row]
}
