import { renditionSize, type Size } from '../src/photo/fit.ts'
import { builtInPresets } from '../src/presets/built-in-presets.ts'

export const PRESETS = builtInPresets()

/** What a still, opaque photo has when it is ready. */
export const READY = PRESETS.flatMap((preset) => preset.upload.map((format) => ({ preset, format })))

/** Of the drawn photos, which stand upright: each rendition with its size. */
export function readyRenditionsOf(photo: Size) {
  return READY.map(({ preset, format }) => ({ preset, format, ...renditionSize(photo, preset) }))
}

export function presetCalled(name: string) {
  const preset = PRESETS.find((one) => one.name === name)
  if (!preset) throw new Error(`There is no preset ${name}.`)
  return preset
}
