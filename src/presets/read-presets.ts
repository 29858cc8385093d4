import { readFile } from 'node:fs/promises'
import { SetupError } from '../errors.ts'
import type { Preset } from '../photo/presets.ts'
import { builtInPresets } from './built-in-presets.ts'

/** Where the presets stand; one that was not named need not be there. */
export type PresetsFile = { path: string; mustExist: boolean }

/**
 * The operator's presets, or the built-in ones where there is no file. Throws a SetupError that names every mistake. What
 * checks them takes 13 MB of a process, so it is loaded only for a file.
 */
export async function readPresets({ path, mustExist }: PresetsFile): Promise<readonly Preset[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    if (isMissing && !mustExist) return builtInPresets()
    throw new SetupError(`The presets can't be read: ${(cause as Error).message}`, { cause })
  }
  let file: unknown
  try {
    file = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new SetupError(`${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
  const { parsePresets } = await import('./parse-presets.ts')
  return parsePresets(file, path)
}
