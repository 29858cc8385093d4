import type { Preset } from '../photo/presets.ts'
import BUILT_IN from './presets.json' with { type: 'json' }

/** The presets that Darkroom comes with. A test holds their file against the rules for an operator's. */
export function builtInPresets(): readonly Preset[] {
  return BUILT_IN.presets.map(completePreset)
}

/** A preset as files write it, of which the rules are kept, with what it leaves out filled in. */
export function completePreset(entry: object): Preset {
  return { after: [], animated: false, hdr: false, ...entry } as unknown as Preset
}
