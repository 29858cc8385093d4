import type { Photo } from 'darkroom-client'

/** Of rounding to whole pixels. */
const SLACK = 0.02

/** The presets in which all of the photo is to be seen: those that crop it have another shape. All there are, where none is like that. */
export function wholePresets({ original, renditions }: Photo): string[] {
  const ratio = (original.width ?? 0) / (original.height ?? 0)
  const whole = renditions.filter(
    ({ width, height }) => width && height && Math.abs(width / height / ratio - 1) < SLACK,
  )
  return [...new Set((whole.length > 0 ? whole : renditions).map(({ preset }) => preset))]
}
