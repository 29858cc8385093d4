import { type Filter, UNTOUCHED } from '../filter.ts'

/** Light and clean: the picture, only better lit. */
export const CLEAR = {
  clear: {
    ...UNTOUCHED,
    title: 'Clear',
    description: 'A clean lens: a little more contrast, a little more colour, nothing tinted',
    saturation: 1.1,
    tone: [
      [0, 0],
      [0.15, 0.135],
      [0.5, 0.535],
      [0.85, 0.88],
      [1, 1],
    ],
  },
  studio: {
    ...UNTOUCHED,
    title: 'Studio',
    description: 'Soft light from the front: open shadows, calm colours, kind to skin',
    mix: [
      [0.97, 0.03, 0],
      [0.02, 0.97, 0.01],
      [0.01, 0.03, 0.96],
    ],
    saturation: 0.98,
    tone: [
      [0, 0],
      [0.15, 0.185],
      [0.4, 0.465],
      [0.75, 0.79],
      [1, 0.995],
    ],
    highlights: [0.012, 0.004, -0.008],
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
} as const satisfies Record<string, Filter>
