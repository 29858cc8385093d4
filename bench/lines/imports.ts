import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Bench } from '../bench.ts'
import { type Darkroom, openHome, startDarkroom } from '../darkroom.ts'
import { type Line, ratio, value } from '../line.ts'
import { compare, compareOnce, rateOf } from '../measure.ts'
import { residentBytes } from '../process-figures.ts'
import type { ImportQuestion } from '../processes/import-run.ts'
import type { UploadQuestion } from '../processes/upload-client.ts'
import { startScript } from '../script-process.ts'

const FILES = 64
const ROUNDS = 7
/** As many files as an import has open. */
const AT_ONCE = 16
const ADOPTED = 60_000
const OWNERS = 5_000
const FEW_LINES = 100_000
const MANY_LINES = 10_000_000

const importer = (env: Record<string, string>) => startScript<ImportQuestion, null>('import-run.ts', [], env)

/** A folder of photos, imported, against uploads of the same bytes through the API; and photos that stay where they are. */
export const imports: Line = {
  name: 'imports',
  measure: async (bench) => {
    await using darkroom = await startDarkroom(bench, { workers: 0 })
    await using home = await openHome(bench)
    await using adopting = importer(home.env)
    await adopting.ask({ what: 'adopted', lines: 2_000, owners: OWNERS })
    const lines = bench.rounds(ADOPTED)
    const adopted = await rateOf(lines, () => adopting.ask({ what: 'adopted', lines, owners: OWNERS }))
    return [
      ratio(
        'import of a folder / uploads of its files through the API',
        'photos/s',
        await compareWithUploads(bench, darkroom),
        { atLeast: 1.2 },
      ),
      value('photos of a manifest adopted, one database', 'photos/s', adopted, { atLeast: 2_000 }),
    ]
  },
}

async function compareWithUploads(bench: Bench, darkroom: Darkroom) {
  const photo = await bench.photo('photo of 12 MP')
  const folder = await bench.makeFolder('import')
  const bytes = await readFile(photo)
  for (let index = 0; index < FILES; index++)
    await writeFile(join(folder, `${index}.jpg`), Buffer.concat([bytes, Buffer.from(String(index))]))
  await using copying = importer(darkroom.env)
  await using client = startScript<UploadQuestion, null>('upload-client.ts', [photo])
  const { url, token } = darkroom
  let owners = 0
  return await compare(
    {
      // Of the same owner they would be there already.
      ours: () =>
        rateOf(FILES, () => copying.ask({ what: 'folder', path: folder, owner: `owner-${owners++}` })),
      against: () => rateOf(FILES, () => client.ask({ url, token, uploads: FILES, atOnce: AT_ONCE })),
    },
    bench.rounds(ROUNDS),
  )
}

/** What the command holds in memory of ten million lines of an inventory, against what it holds of a hundredth of them. */
export const importLines: Line = {
  name: 'import-lines',
  isLong: true,
  measure: async (bench) => {
    const peakOf = async (lines: number) => {
      await using home = await openHome(bench)
      const folder = await bench.makeFolder('inventory')
      await writeInventory(folder, lines)
      await using reading = importer(home.env)
      await reading.ask({ what: 'inventory', path: folder })
      return (await residentBytes(reading.pid))?.peak ?? Number.NaN
    }
    const few = await peakOf(FEW_LINES)
    const many = await peakOf(bench.rounds(MANY_LINES))
    const comparison = compareOnce(many / 1e6, few / 1e6)
    return [ratio('memory of an import of 10 M lines / of 100,000', 'MB', comparison, { below: 1.25 })]
  },
}

/** Of objects that are no photos by their names, so that the lines are what takes time. */
async function writeInventory(folder: string, lines: number): Promise<void> {
  const list = join(folder, 'lists/data/0')
  await mkdir(join(folder, 'lists/data'), { recursive: true })
  const rows = function* () {
    for (let from = 0; from < lines; from += 1_000) {
      const count = Math.min(1_000, lines - from)
      yield Array.from({ length: count }, (_, n) => `"old","owner-1/notes/${from + n}.txt","1234"\n`).join('')
    }
  }
  await pipeline(Readable.from(rows()), createGzip({ level: 1 }), createWriteStream(list))
  const md5 = createHash('md5')
  for await (const chunk of createReadStream(list)) md5.update(chunk)
  const { size } = await stat(list)
  const manifest = JSON.stringify({
    sourceBucket: 'old',
    fileFormat: 'CSV',
    fileSchema: 'Bucket, Key, Size',
    files: [{ key: 'lists/data/0', size, MD5checksum: md5.digest('hex') }],
  })
  await writeFile(join(folder, 'lists/manifest.json'), manifest)
  await writeFile(join(folder, 'lists/manifest.checksum'), createHash('md5').update(manifest).digest('hex'))
}
