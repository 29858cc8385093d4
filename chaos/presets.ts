import { rename, writeFile } from 'node:fs/promises'
import { RunStateError } from '../src/catalog/runs/runs.ts'
import type { Config } from '../src/config/config.ts'
import { recipeNumber } from '../src/photo/recipe.ts'
import { builtInPresets } from '../src/presets/built-in-presets.ts'
import { readPresets } from '../src/presets/read-presets.ts'
import type { Reprocess } from '../src/reprocess/reprocess.ts'
import type { Desk, RunLedger } from './run-ledger.ts'

/** What an operator changes: a preset is new, one is gone, and one is smaller. */
export function changedPresets() {
  return [
    { name: 'story', fit: 'inside', width: 200, upload: ['jpeg'], after: ['avif'] },
    ...builtInPresets()
      .filter(({ name }) => name !== 'medium')
      .map((preset) => (preset.name === 'small' ? { ...preset, width: 300 } : preset)),
  ]
}

/** From the next start of each process on, photos are made by the changed presets. Throws on a disk that is full. */
export async function changePresets({ presetsFile: { path } }: Pick<Config, 'presetsFile'>): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify({ presets: changedPresets() }))
  await rename(`${path}.new`, path)
}

/** Cancels runs that were started with other presets than today's: no worker has those any more. */
export async function cancelOutdated(
  desk: Desk,
  ledger: Pick<RunLedger, 'steer'>,
  { presetsFile }: Pick<Config, 'presetsFile'>,
): Promise<void> {
  const today = recipeNumber(await readPresets(presetsFile), null)
  for (const { id, kind, state, selection } of await desk.runs.list()) {
    const isOpen = ['running', 'pausing', 'paused', 'stopped'].includes(state)
    if (!isOpen || kind !== 'reprocess' || (selection as Reprocess).work.recipes.includes(today)) continue
    await ledger.steer(desk, id, 'cancel').catch((error) => {
      if (!(error instanceof RunStateError)) throw error
    })
  }
}
