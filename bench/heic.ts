// node bench/heic.ts PHOTO.heic…: the decoder beside heif-convert (Debian: libheif-examples), each as a whole process
// from a file to a JPEG of quality 92 in full size, in turn.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { compare, rateOf } from './measure.ts'

const ROUNDS = 7
const DECODER = join(import.meta.dirname, 'processes/decode-heic.ts')
const run = promisify(execFile)

const folder = await mkdtemp(join(tmpdir(), 'darkroom-heic-'))
try {
  for (const photo of process.argv.slice(2)) {
    const ours = () => rateOf(1, () => run(process.execPath, [DECODER, photo, join(folder, 'ours.jpg')]))
    const against = () =>
      rateOf(1, () => run('heif-convert', ['-q', '92', photo, join(folder, 'against.jpg')]))
    const { ratio, ...seconds } = await compare({ ours, against }, ROUNDS)
    const [a, b] = [1 / seconds.ours, 1 / seconds.against].map((each) => each.toFixed(2))
    const quartiles = `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`
    console.log(
      `${basename(photo)}: ${a} s, heif-convert ${b} s, ratio ${ratio.median.toFixed(2)} (${quartiles})`,
    )
  }
} finally {
  await rm(folder, { recursive: true })
}
