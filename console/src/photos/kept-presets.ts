import { signal } from '@preact/signals'
import type { Preset } from 'darkroom-client'
import { client } from '../session.ts'

const kept = signal<readonly Preset[]>([])
let isAsked = false

/** The presets in use; none until they are known. They stay the same for as long as a server runs. */
export function presetsInUse(): readonly Preset[] {
  if (!isAsked) void ask()
  return kept.value
}

async function ask(): Promise<void> {
  isAsked = true
  try {
    kept.value = await client.presets()
  } catch {
    isAsked = false
  }
}
