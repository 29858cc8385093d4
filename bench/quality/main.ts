// node bench/quality/main.ts [--width 640] [FOLDER…]: bytes, butteraugli's distance and CPU time of each encoder, over
// pictures of all kinds that are drawn here, and those of the folders. Wants `butteraugli` on the PATH (Debian: apt-get
// install butteraugli). Prints each measurement as a line of JSON, and at the end the tables of BENCHMARKS.md.
import { mkdtempDisposable } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { hasFineColor } from '../../workers/renditions/fine-color.ts'
import { textureOf } from '../../workers/renditions/texture.ts'
import { distanceOf } from './distance.ts'
import { openPictures, type Picture } from './pictures.ts'
import { ENCODERS, type Encoder, type Kind } from './settings.ts'
import { type Measured, tablesOf } from './tables.ts'

const { values, positionals: folders } = parseArgs({
  options: { width: { type: 'string', default: '640' } },
  allowPositionals: true,
})

sharp.concurrency(1)
sharp.cache(false)
await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-quality-'))

const measured: Measured[] = []
const running = new Set<Promise<void>>()
for (const picture of await openPictures(folders, Number(values.width))) {
  const kind = { isFine: hasFineColor(picture.pixels), texture: textureOf(picture.pixels) }
  for (const encoder of ENCODERS) {
    for (const quality of encoder.qualities) {
      // Encodings one after the other, so that their CPU time can be told apart; distances beside them.
      const encoded = await encode(picture, encoder, { quality, kind })
      const name = `${measured.length + running.size}`
      const told = tell(picture, encoder, { quality, ...encoded, name }).finally(() => running.delete(told))
      running.add(told)
      if (running.size > availableParallelism()) await Promise.race(running)
    }
  }
}
await Promise.all(running)
console.log(tablesOf(measured))

async function encode(
  { pixels: { data, width, height } }: Picture,
  encoder: Encoder,
  { quality, kind }: { quality: number; kind: Kind },
): Promise<{ body: Buffer; ms: number }> {
  const { format, ...options } = encoder.options(quality, kind)
  const before = process.cpuUsage()
  const body = await sharp(data, { raw: { width, height, channels: 3 } })
    .toFormat(format, options)
    .toBuffer()
  const { user, system } = process.cpuUsage(before)
  return { body, ms: (user + system) / 1000 }
}

async function tell(
  { name: picture, pixels }: Picture,
  { name: encoder }: Encoder,
  { quality, body, ms, name }: { quality: number; body: Buffer; ms: number; name: string },
): Promise<void> {
  const distance = await distanceOf(body, pixels, { folder: folder.path, name })
  const one = { picture, encoder, quality, bytes: body.length, distance, ms }
  measured.push(one)
  console.error(JSON.stringify(one))
}
