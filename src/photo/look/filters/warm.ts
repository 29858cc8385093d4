import { type Filter, UNTOUCHED } from '../filter.ts'

/** Towards gold, copper and rose. */
export const WARM = {
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
  honey: {
    ...UNTOUCHED,
    title: 'Honey',
    description: 'Golden and soft: lifted shadows, creamy whites',
    saturation: 0.92,
    tone: [
      [0, 0.01],
      [0.25, 0.285],
      [0.6, 0.64],
      [1, 0.985],
    ],
    red: [
      [0, 0],
      [0.5, 0.54],
      [1, 1],
    ],
    green: [
      [0, 0],
      [0.5, 0.49],
      [1, 0.955],
    ],
    blue: [
      [0, 0.02],
      [0.5, 0.43],
      [1, 0.86],
    ],
    shadows: [0.03, 0.012, -0.006],
    fade: 0.06,
  },
  terra: {
    ...UNTOUCHED,
    title: 'Terra',
    description: 'Baked earth: muted greens, brick reds, warm brown shadows',
    mix: [
      [0.94, 0.08, -0.02],
      [0.08, 0.88, 0.04],
      [0.06, 0.14, 0.8],
    ],
    saturation: 0.84,
    tone: [
      [0, 0],
      [0.25, 0.225],
      [0.6, 0.6],
      [1, 0.975],
    ],
    green: [
      [0, 0],
      [0.5, 0.49],
      [1, 0.965],
    ],
    blue: [
      [0, 0],
      [0.5, 0.455],
      [1, 0.93],
    ],
    shadows: [0.03, 0.004, -0.012],
    highlights: [0.018, 0.004, -0.02],
    fade: 0.04,
  },
  maple: {
    ...UNTOUCHED,
    title: 'Maple',
    description: 'An early autumn: leaves turn to copper, skies stay blue',
    mix: [
      [0.84, 0.38, -0.22],
      [0.13, 0.8, 0.07],
      [0.0, 0.04, 0.96],
    ],
    saturation: 1.02,
    tone: [
      [0, 0],
      [0.25, 0.235],
      [0.6, 0.625],
      [1, 1],
    ],
    highlights: [0.012, 0.002, -0.016],
  },
  rose: {
    ...UNTOUCHED,
    title: 'Rose',
    description: 'Pastel and pink: powdery light, soft colours',
    saturation: 0.84,
    tone: [
      [0, 0.02],
      [0.25, 0.295],
      [0.55, 0.62],
      [1, 1],
    ],
    green: [
      [0, 0],
      [0.5, 0.475],
      [1, 0.97],
    ],
    shadows: [0.035, 0, 0.016],
    highlights: [0.016, -0.006, 0.004],
    fade: 0.06,
  },
} as const satisfies Record<string, Filter>
