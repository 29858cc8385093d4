/**
 * The name of a kind of rendition and the box it fits: `cover` fills the box and crops what stands out,
 * `inside` keeps the whole photo within it. Never enlarged. Sizes in pixels.
 */
export const PRESETS = {
  thumb: { width: 150, height: 150, fit: 'cover' },
  small: { width: 320, height: 320, fit: 'inside' },
  medium: { width: 640, height: 640, fit: 'inside' },
  feed: { width: 1080, height: 1080, fit: 'inside' },
  full: { width: 2048, height: 2048, fit: 'inside' },
} as const satisfies Record<string, Preset>

export type Fit = 'cover' | 'inside'
export type Preset = { width: number; height: number; fit: Fit }
export type PresetName = keyof typeof PRESETS

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[]

/** In these an animation moves, as WebP; in all others it is its first frame. */
export const MOVING_PRESETS: ReadonlySet<PresetName> = new Set(['small', 'medium', 'feed'])

/** In these the JPEG of an Ultra HDR photo keeps its gain map. */
export const BRIGHT_PRESETS: ReadonlySet<PresetName> = new Set(['feed', 'full'])
