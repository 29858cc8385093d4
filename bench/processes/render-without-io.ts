// A worker's own way without its I/O: decode once, scale each size from the one before, encode, from memory to memory.
import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { renditionSize } from '../../src/photo/fit.ts'
import { plainEncode } from '../plain-encode.ts'
import type { Rendered, RenderQuestion } from '../render-crew.ts'
import { PRESETS } from '../renditions.ts'
import { answer } from '../script-process.ts'

// One thread per operation, and as many operations side by side as libuv has threads: as our workers do it.
sharp.concurrency(1)
sharp.cache(false)

const original = await readFile(process.argv[2] ?? '')
const photo = await sharp(original).metadata()
const largestFirst = PRESETS.map((preset) => ({ preset, ...renditionSize(photo, preset) })).toSorted(
  (a, b) => b.width - a.width,
)

answer<RenderQuestion, Rendered[]>(async ({ photoIds }) => {
  const rendered: Rendered[] = []
  for (const _ of photoIds) rendered.push({ bytes: await render() })
  return rendered
})

/** A new pipeline each time, for sharp's clone copies every pixel. */
type Open = () => Sharp

/** The bytes of all outputs together. */
async function render(): Promise<number> {
  const outputs: Promise<Buffer>[] = []
  let image: Open = () => sharp(original, { autoOrient: true })
  for (const { preset, width, height } of largestFirst) {
    const from = await decoded(image().resize(width, height, { fit: preset.fit, position: 'attention' }))
    if (preset.fit === 'inside') image = from
    outputs.push(...preset.upload.map((format) => plainEncode(from(), format)))
  }
  return (await Promise.all(outputs)).reduce((sum, { length }) => sum + length, 0)
}

async function decoded(image: Sharp): Promise<Open> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  const raw = { width: info.width, height: info.height, channels: info.channels as 3 }
  return () => sharp(data, { raw })
}
