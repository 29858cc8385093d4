import type { Preset, PresetName } from '../../src/photo/presets.ts'
import type { RenditionFormat } from '../../src/photo/rendition-formats.ts'
import { builtInPresets } from '../../src/presets/built-in-presets.ts'
import type { Wish } from './renditions.ts'

type Parts = Partial<Omit<Wish, 'presets' | 'stage'>> & {
  presets?: readonly PresetName[]
  formats?: readonly RenditionFormat[]
}

/** What an upload asks for, or of it the built-in presets of these names, in these formats. */
export function wish({ presets, formats, ...parts }: Parts = {}): Wish {
  const chosen = builtInPresets()
    .filter(({ name }) => presets === undefined || presets.includes(name))
    .map((preset) => (formats ? { ...preset, upload: formats, after: [] } : preset))
  return { presets: chosen, stage: 'upload', look: null, focus: null, ...parts }
}

export const PRESET_NAMES = builtInPresets().map(({ name }) => name)

export function presetCalled(name: PresetName): Preset {
  const preset = builtInPresets().find((one) => one.name === name)
  if (!preset) throw new Error(`There is no preset ${name}.`)
  return preset
}
