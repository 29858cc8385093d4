import { existsSync } from 'node:fs'
import { access, constants, statfs } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { SetupError } from '../errors.ts'
import { openFilterBook } from '../filters/filter-book.ts'
import { readPresets } from '../presets/read-presets.ts'

const LOW_SPACE_BYTES = 2e9

export async function examineHome({ home }: Config): Promise<string> {
  await access(home, constants.R_OK | constants.W_OK | constants.X_OK).catch((cause) => {
    throw new SetupError(
      `${home} can't be read and written. Run \`darkroom start\` once, or name another with DARKROOM_HOME.`,
      { cause },
    )
  })
  const { bavail, bsize } = await statfs(home)
  const free = `${((bavail * bsize) / 1e9).toFixed(1)} GB free`
  if (bavail * bsize < LOW_SPACE_BYTES)
    throw new SetupError(`${home} has only ${free}. Make room: uploads fail when the disk is full.`)
  return `${home}, ${free}`
}

export async function examineFilters({ filtersDirectory: directory }: Config): Promise<string> {
  const { all, badFiles } = await openFilterBook(directory)
  if (badFiles.length > 0) {
    throw new SetupError(badFiles.map(({ path, reason }) => `${path} is no filter: ${reason}`).join('\n'))
  }
  const own = all.filter(({ origin }) => origin === 'own').length
  return `${own} of ours, ${all.length - own} from ${directory}`
}

export async function examinePresets({ presetsFile }: Config): Promise<string> {
  const presets = await readPresets(presetsFile)
  const from = existsSync(presetsFile.path) ? presetsFile.path : 'the built-in ones'
  return `${presets.map(({ name }) => name).join(', ')}: ${from}`
}
