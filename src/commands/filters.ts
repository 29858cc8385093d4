import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { FilterBook } from '../filters/filter-book.ts'

/** A path and not an import: only workers decode photos. */
const SHEET_SCRIPT = join(import.meta.dirname, '../../workers/filter-sheet.ts')

const EXAMPLES = `
Examples:
  $ darkroom filters list
  $ darkroom filters export luts/                 # a .cube file each, for photo tools and apps
  $ darkroom filters sheet photo.jpg -o sheet.png

A .cube file of your own in FILTERS_DIR (<home>/filters) is a filter named after the file, of its colours alone.`

export function filtersCommand(): Command {
  return new Command('filters')
    .description('List the looks photos can have, export their colour tables, or see all of them on a photo.')
    .addCommand(listCommand())
    .addCommand(exportCommand())
    .addCommand(sheetCommand())
    .addHelpText('after', EXAMPLES)
}

function listCommand(): Command {
  return new Command('list').description('Print each filter with a line about it.').action(async () => {
    const { all } = await openFilters()
    const width = Math.max(...all.map(({ name }) => name.length))
    for (const { name, description } of all) console.log(`${name.padEnd(width)}  ${description}`)
  })
}

function exportCommand(): Command {
  return new Command('export')
    .description(
      'Write the colour table of each filter as a .cube file, which has no words for a vignette or grain.',
    )
    .argument('<folder>', 'where to; made when it is not there')
    .action(async (folder: string) => {
      const { toCube } = await import('../photo/look/cube.ts')
      const { all } = await openFilters()
      await mkdir(folder, { recursive: true })
      for (const { name, title, table } of all) {
        await writeFile(join(folder, `${name}.cube`), toCube(await table(), title))
      }
      console.log(`${all.length} filters written to ${folder}`)
    })
}

type SheetOptions = { output: string; tile: string; columns: string }

function sheetCommand(): Command {
  return new Command('sheet')
    .description('Draw one picture of a photo with each filter, and their names.')
    .argument('<photo>', 'the photo')
    .addOption(
      new Option('-o, --output <file>', 'a .png, .jpg or .webp file')
        .argParser(parsePictureFile)
        .default('sheet.png'),
    )
    .addOption(countOption('--tile <pixels>', 'longest side of each picture', 16, 2000).default('320'))
    .addOption(countOption('--columns <n>', 'how many next to each other', 1, 50).default('7'))
    .action(async (photo: string, { output, tile, columns }: SheetOptions) => {
      const { loadConfig } = await import('../config/config.ts')
      const { filtersDirectory, maxPixels } = loadConfig(process.env)
      const options = { photo, output, tile, columns, filters: filtersDirectory, 'max-pixels': maxPixels }
      const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
      const child = spawn(process.execPath, [SHEET_SCRIPT, ...words], { stdio: 'inherit' })
      const [code] = await once(child, 'close')
      process.exitCode = code ?? 1
    })
}

/** Every filter there is; what is wrong with a file of the operator's is said on stderr. */
async function openFilters(): Promise<FilterBook> {
  const { loadConfig } = await import('../config/config.ts')
  const { openFilterBook } = await import('../filters/filter-book.ts')
  const filters = await openFilterBook(loadConfig(process.env).filtersDirectory)
  for (const { path, reason } of filters.badFiles) console.error(`${path} is no filter: ${reason}`)
  return filters
}

function parsePictureFile(path: string): string {
  if (/\.(png|jpe?g|webp)$/i.test(path)) return path
  throw new InvalidArgumentError('Name a file that ends in .png, .jpg or .webp.')
}

function countOption(flags: string, description: string, min: number, max: number): Option {
  return new Option(flags, description).argParser((text) => {
    if (/^\d{1,4}$/.test(text) && Number(text) >= min && Number(text) <= max) return text
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`)
  })
}
