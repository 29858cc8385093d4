// node bench/heic.ts PHOTO.heic…: the line `heic` of the benchmarks with photos of one's own.
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { heicFigures } from './lines/heic.ts'
import { tableOf } from './table.ts'

await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-heic-'))
for (const photo of process.argv.slice(2)) {
  const figures = await heicFigures(photo, folder.path, { rounds: (whole) => whole })
  console.log(`${basename(photo)}\n${tableOf(figures)}\n`)
}
