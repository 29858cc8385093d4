import { type Filter, UNTOUCHED } from '../filter.ts'

/** Prints that saw the sun: lifted blacks, soft contrast. */
export const FADED = {
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
    vignette: 0.15,
  },
  matte: {
    ...UNTOUCHED,
    title: 'Matte',
    description: 'Velvety greys: lifted blacks, quiet colours, no tint',
    saturation: 0.86,
    tone: [
      [0, 0],
      [0.2, 0.17],
      [0.5, 0.5],
      [0.8, 0.8],
      [1, 0.97],
    ],
    fade: 0.1,
  },
  postcard: {
    ...UNTOUCHED,
    title: 'Postcard',
    description: 'Forty years on a rack: cyan shadows, cream paper, tired reds',
    mix: [
      [0.9, 0.08, 0.02],
      [0.03, 0.94, 0.03],
      [0, 0.08, 0.92],
    ],
    saturation: 0.88,
    tone: [
      [0, 0.01],
      [0.3, 0.33],
      [0.7, 0.72],
      [1, 0.97],
    ],
    red: [
      [0, 0],
      [0.5, 0.5],
      [1, 0.99],
    ],
    green: [
      [0, 0],
      [0.5, 0.495],
      [1, 0.96],
    ],
    blue: [
      [0, 0.05],
      [0.5, 0.49],
      [1, 0.86],
    ],
    shadows: [-0.035, 0.018, 0.03],
    fade: 0.1,
    vignette: 0.2,
  },
} as const satisfies Record<string, Filter>
