import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of the first program that there is; null where there is none. */
export function findProgram(...names: readonly string[]): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync) ?? null
}
