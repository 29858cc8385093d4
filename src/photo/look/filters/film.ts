import { type Filter, UNTOUCHED } from '../filter.ts'

/** After what chemistry did to colour. */
export const FILM = {
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
  chrome: {
    ...UNTOUCHED,
    title: 'Chrome',
    description: 'Slide film: deep shadows, rich reds, warm middle tones',
    mix: [
      [1.08, -0.05, -0.03],
      [0.03, 0.97, 0],
      [-0.02, 0.06, 0.96],
    ],
    saturation: 1.1,
    tone: [
      [0, 0],
      [0.15, 0.105],
      [0.4, 0.385],
      [0.7, 0.735],
      [1, 0.995],
    ],
    shadows: [0.004, -0.002, 0.008],
    highlights: [0.018, 0.008, -0.016],
  },
  negative: {
    ...UNTOUCHED,
    title: 'Negative',
    description: 'Colour print film: warm skin, mellow blues, a long soft shoulder',
    mix: [
      [0.97, 0.04, -0.01],
      [0.03, 0.95, 0.02],
      [0.01, 0.09, 0.9],
    ],
    saturation: 0.96,
    tone: [
      [0, 0.012],
      [0.18, 0.19],
      [0.45, 0.49],
      [0.75, 0.765],
      [1, 0.965],
    ],
    shadows: [-0.008, 0.014, 0.006],
    highlights: [0.03, 0.012, -0.022],
    fade: 0.03,
    grain: 0.03,
  },
  cross: {
    ...UNTOUCHED,
    title: 'Cross',
    description: 'The wrong chemistry: green-gold light, blue shadows, bold contrast',
    saturation: 1.05,
    tone: [
      [0, 0],
      [0.25, 0.22],
      [0.7, 0.74],
      [1, 1],
    ],
    red: [
      [0, 0],
      [0.25, 0.19],
      [0.6, 0.64],
      [1, 1],
    ],
    green: [
      [0, 0],
      [0.3, 0.29],
      [0.6, 0.635],
      [1, 0.99],
    ],
    blue: [
      [0, 0.1],
      [0.3, 0.31],
      [0.7, 0.63],
      [1, 0.82],
    ],
    vignette: 0.3,
  },
} as const satisfies Record<string, Filter>
