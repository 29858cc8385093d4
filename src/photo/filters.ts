/** A tone curve: points of input and output, both 0..1, rising from input 0 to input 1, output never falling. */
export type Curve = readonly (readonly [input: number, output: number])[]

/** Red, green and blue, as a share (rows of a mix) or an offset (tints). */
export type Rgb = readonly [red: number, green: number, blue: number]

/**
 * A named look as data, in sRGB-encoded values of 0..1. photo/color-table.ts applies the parts in this order:
 * mix, saturation, tone, channel curves, tints, fade.
 */
export type Filter = {
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
const UNTOUCHED = {
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
} as const satisfies Omit<Filter, 'title' | 'description'>

/** The looks an app can ask for. Changing one changes pixels: raise RECIPE_VERSION in photo/recipe.ts with it. */
export const FILTERS = {
  mono: {
    ...UNTOUCHED,
    title: 'Mono',
    description: 'Clean black and white, true to how bright things look',
    mix: grey(0.3, 0.59, 0.11),
    tone: [
      [0, 0],
      [0.25, 0.235],
      [0.75, 0.775],
      [1, 1],
    ],
  },
  noir: {
    ...UNTOUCHED,
    title: 'Noir',
    description: 'Black and white through a red glass: dark skies, bright skin, deep shadows',
    mix: grey(0.62, 0.33, 0.05),
    tone: [
      [0, 0],
      [0.12, 0.055],
      [0.3, 0.21],
      [0.6, 0.64],
      [0.85, 0.915],
      [1, 1],
    ],
  },
  silver: {
    ...UNTOUCHED,
    title: 'Silver',
    description: 'Soft black and white with cool shadows and open mid-tones',
    mix: grey(0.25, 0.5, 0.25),
    tone: [
      [0, 0],
      [0.25, 0.3],
      [0.5, 0.56],
      [1, 0.98],
    ],
    shadows: [-0.02, 0, 0.03],
    highlights: [0.012, 0.006, -0.012],
    fade: 0.05,
  },
  sepia: {
    ...UNTOUCHED,
    title: 'Sepia',
    description: 'A toned print, brown in the shadows and cream in the light',
    mix: grey(0.35, 0.5, 0.15),
    tone: [
      [0, 0.01],
      [0.3, 0.29],
      [0.7, 0.72],
      [1, 0.98],
    ],
    red: [
      [0, 0.03],
      [0.25, 0.31],
      [0.5, 0.58],
      [1, 1],
    ],
    green: [
      [0, 0.01],
      [0.5, 0.485],
      [1, 0.97],
    ],
    blue: [
      [0, 0],
      [0.25, 0.18],
      [0.5, 0.4],
      [1, 0.88],
    ],
    fade: 0.03,
  },
  amber: {
    ...UNTOUCHED,
    title: 'Amber',
    description: 'Late sun: warm light, gentle contrast',
    saturation: 1.06,
    tone: [
      [0, 0],
      [0.25, 0.24],
      [0.7, 0.73],
      [1, 1],
    ],
    red: [
      [0, 0],
      [0.5, 0.555],
      [1, 1],
    ],
    blue: [
      [0, 0.01],
      [0.5, 0.45],
      [1, 0.93],
    ],
    highlights: [0.03, 0.004, -0.02],
  },
  frost: {
    ...UNTOUCHED,
    title: 'Frost',
    description: 'Cold morning air: blue shadows, pale colours, bright whites',
    saturation: 0.86,
    tone: [
      [0, 0],
      [0.25, 0.255],
      [0.6, 0.645],
      [1, 1],
    ],
    red: [
      [0, 0],
      [0.5, 0.475],
      [1, 0.985],
    ],
    blue: [
      [0, 0.03],
      [0.5, 0.535],
      [1, 1],
    ],
    shadows: [-0.015, 0, 0.025],
  },
  bloom: {
    ...UNTOUCHED,
    title: 'Bloom',
    description: 'Vivid colours and crisp contrast',
    saturation: 1.2,
    tone: [
      [0, 0],
      [0.2, 0.165],
      [0.5, 0.52],
      [0.8, 0.845],
      [1, 1],
    ],
  },
  linen: {
    ...UNTOUCHED,
    title: 'Linen',
    description: 'A faded print: soft colours, lifted blacks, warm paper',
    saturation: 0.78,
    tone: [
      [0, 0],
      [0.3, 0.31],
      [0.7, 0.7],
      [1, 0.965],
    ],
    shadows: [0.012, 0, 0.014],
    highlights: [0.018, 0.008, -0.03],
    fade: 0.13,
  },
  dusk: {
    ...UNTOUCHED,
    title: 'Dusk',
    description: 'Teal shadows against orange light, as in the cinema',
    saturation: 1.05,
    tone: [
      [0, 0],
      [0.25, 0.22],
      [0.6, 0.615],
      [1, 0.99],
    ],
    shadows: [-0.055, 0.012, 0.05],
    highlights: [0.055, 0.015, -0.06],
  },
  meadow: {
    ...UNTOUCHED,
    title: 'Meadow',
    description: 'Slide film outdoors: mellow greens, clear air, a hint of gold',
    mix: [
      [1, 0.04, -0.04],
      [0.06, 0.94, 0],
      [0, 0.1, 0.9],
    ],
    saturation: 1.08,
    tone: [
      [0, 0],
      [0.2, 0.19],
      [0.5, 0.54],
      [1, 1],
    ],
    highlights: [0.015, 0.012, -0.02],
    fade: 0.02,
  },
  velvet: {
    ...UNTOUCHED,
    title: 'Velvet',
    description: 'Low light: rich, dark, a breath of magenta in the shadows',
    saturation: 1,
    tone: [
      [0, 0],
      [0.25, 0.18],
      [0.5, 0.43],
      [0.8, 0.79],
      [1, 0.985],
    ],
    shadows: [0.012, -0.008, 0.03],
    highlights: [0.012, 0.004, -0.012],
    fade: 0.025,
  },
  coast: {
    ...UNTOUCHED,
    title: 'Coast',
    description: 'Noon by the sea: airy, light, turquoise water',
    mix: [
      [0.96, 0.04, 0],
      [-0.03, 1, 0.03],
      [-0.03, 0.06, 0.97],
    ],
    saturation: 0.96,
    tone: [
      [0, 0.01],
      [0.25, 0.3],
      [0.5, 0.58],
      [0.8, 0.865],
      [1, 1],
    ],
    shadows: [-0.012, 0.012, 0.018],
    highlights: [0.012, 0.006, 0],
    fade: 0.04,
  },
} as const satisfies Record<string, Filter>

export type FilterName = keyof typeof FILTERS

export const FILTER_NAMES = Object.keys(FILTERS) as readonly FilterName[]

function grey(red: number, green: number, blue: number): readonly [Rgb, Rgb, Rgb] {
  const row: Rgb = [red, green, blue]
  return [row, row, row]
}
