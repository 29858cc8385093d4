import { type Filter, UNTOUCHED } from '../filter.ts'

/** Towards blue and steel. */
export const COOL = {
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
  glacier: {
    ...UNTOUCHED,
    title: 'Glacier',
    description: 'Clear and cold: deep blues, hard light',
    saturation: 1.04,
    tone: [
      [0, 0],
      [0.2, 0.16],
      [0.5, 0.515],
      [0.8, 0.85],
      [1, 1],
    ],
    red: [
      [0, 0],
      [0.5, 0.455],
      [1, 0.97],
    ],
    blue: [
      [0, 0.01],
      [0.5, 0.545],
      [1, 1],
    ],
    shadows: [-0.012, 0.004, 0.024],
  },
  harbor: {
    ...UNTOUCHED,
    title: 'Harbor',
    description: 'A grey day at the sea: steel blue, restrained, deep',
    saturation: 0.68,
    tone: [
      [0, 0],
      [0.25, 0.21],
      [0.55, 0.53],
      [1, 0.97],
    ],
    shadows: [-0.03, 0.006, 0.03],
    highlights: [-0.018, 0.002, 0.006],
    fade: 0.03,
  },
  mist: {
    ...UNTOUCHED,
    title: 'Mist',
    description: 'Fog in the valley: pale, flat, a breath of green and blue',
    saturation: 0.7,
    tone: [
      [0, 0.04],
      [0.3, 0.36],
      [0.7, 0.72],
      [1, 0.95],
    ],
    shadows: [-0.006, 0.018, 0.024],
    highlights: [-0.014, 0.002, -0.004],
    fade: 0.14,
  },
} as const satisfies Record<string, Filter>
