import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { DarkroomError } from '../src/errors.ts'
import { type FilterBook, openFilterBook } from '../src/filters/filter-book.ts'
import { scaledFor } from '../src/photo/fit.ts'
import { decode } from './renditions/decode.ts'
import { applyLook } from './renditions/look/apply-look.ts'
import { readHeader } from './renditions/read-header.ts'
import { drawSheet, type Tile } from './renditions/sheets/sheet.ts'

/** The process behind `darkroom filters sheet`, which gives it every option: one photo without a look, then with each. */

type Options = Record<'photo' | 'output' | 'filters' | 'tile' | 'columns' | 'max-pixels', string>

const { values } = parseArgs({
  options: {
    photo: { type: 'string' },
    output: { type: 'string' },
    filters: { type: 'string' },
    tile: { type: 'string' },
    columns: { type: 'string' },
    'max-pixels': { type: 'string' },
  },
})

try {
  await writeSheet(values as Options)
} catch (error) {
  // A photo that can't be read, or a folder that can't be written.
  if (!(error instanceof DarkroomError || (error instanceof Error && 'syscall' in error))) throw error
  process.stderr.write(`darkroom: ${error.message}\n`)
  process.exitCode = 1
}

async function writeSheet({ photo, output, columns, ...options }: Options): Promise<void> {
  const original = await readFile(photo)
  const filters = await openFilterBook(options.filters)
  const tiles = await tilesOf(original, filters, Number(options.tile), Number(options['max-pixels']))
  await drawSheet(tiles, Number(columns)).toFile(output)
}

async function tilesOf(
  original: Buffer,
  filters: FilterBook,
  side: number,
  maxPixels: number,
): Promise<[Tile, ...Tile[]]> {
  const header = await readHeader(original, maxPixels)
  const size = scaledFor(header, { width: side, height: side, fit: 'inside' })
  const picture = await decode(header, size, maxPixels)
  const looks = filters.all.map(async (filter): Promise<Tile> => {
    const data = Buffer.from(picture.data)
    applyLook({ ...picture, data }, { table: await filter.table(), effects: filter.effects })
    return { name: filter.name, picture: { ...picture, data } }
  })
  return [{ name: 'no filter', picture }, ...(await Promise.all(looks))]
}
