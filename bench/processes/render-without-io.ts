// A worker's own way without its I/O: decode once, scale each size from the one before, encode, from memory to memory.
import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { PRESETS } from '../../src/photo/presets.ts'
import { READY_RENDITIONS } from '../../src/photo/recipe.ts'
import { plainEncode } from '../plain-encode.ts'
import type { Rendered, RenderQuestion } from '../render-crew.ts'
import { answer } from '../script-process.ts'

// One thread per operation, and as many operations side by side as libuv has threads: as our workers do it.
sharp.concurrency(1)
sharp.cache(false)

const { thumb, small, medium, feed, full } = PRESETS
const original = await readFile(process.argv[2] ?? '')

answer<RenderQuestion, Rendered[]>(async ({ photoIds }) => {
  const rendered: Rendered[] = []
  for (const _ of photoIds) rendered.push({ bytes: await render() })
  return rendered
})

/** A new pipeline each time, for sharp's clone copies every pixel. */
type Open = () => Sharp

/** The bytes of all outputs together. */
async function render(): Promise<number> {
  const sizes: Open[] = []
  let image: Open = () => sharp(original, { autoOrient: true })
  for (const { width, height } of [full, feed, medium, small]) {
    image = await decoded(image().resize(width, height, { fit: 'inside' }))
    sizes.push(image)
  }
  sizes.push(
    await decoded(image().resize(thumb.width, thumb.height, { fit: 'cover', position: 'attention' })),
  )
  const outputs = await Promise.all(
    sizes.flatMap((open) => READY_RENDITIONS.formats.map((format) => plainEncode(open(), format))),
  )
  return outputs.reduce((sum, { length }) => sum + length, 0)
}

async function decoded(image: Sharp): Promise<Open> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  const raw = { width: info.width, height: info.height, channels: info.channels as 3 }
  return () => sharp(data, { raw })
}
