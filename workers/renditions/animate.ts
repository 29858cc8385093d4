import type { Sharp } from 'sharp'
import type { ColorTable } from '../../src/photo/color-table.ts'
import { renditionSize, type Size } from '../../src/photo/fit.ts'
import { MOVING_PRESETS, PRESETS, type PresetName } from '../../src/photo/presets.ts'
import { RENDITION_FORMATS } from '../../src/photo/recipe.ts'
import { applyTable } from './apply-table.ts'
import { asCorruptPhoto } from './corrupt-photo.ts'
import { credited } from './encode.ts'
import type { Header } from './read-header.ts'
import { sharp } from './sharp.ts'

/**
 * The moving WebP renditions of an animation, by preset; none of a photo that stands still. They are made one
 * after the other, for each holds many frames. Throws CorruptPhotoError when a frame can't be read.
 */
export async function animate(
  photo: Header,
  presets: readonly PresetName[],
  table: ColorTable | null,
): Promise<Map<PresetName, Buffer>> {
  const made = new Map<PresetName, Buffer>()
  if (!photo.animation) return made
  const { quality, effort } = RENDITION_FORMATS.webp
  let last = { width: 0, body: Buffer.alloc(0) }
  for (const preset of presets.filter((name) => MOVING_PRESETS.has(name))) {
    const size = renditionSize(photo, PRESETS[preset])
    // A small one is the same in several presets.
    if (last.width !== size.width) {
      const frames = await framesOf(photo, size, table)
      const moving = credited(frames, photo.credit).webp({ quality, effort, ...photo.animation })
      last = { width: size.width, body: await asCorruptPhoto(moving.toBuffer()) }
    }
    made.set(preset, last.body)
  }
  return made
}

/** All frames at that size, one below the other. */
async function framesOf({ file }: Header, { width, height }: Size, table: ColorTable | null): Promise<Sharp> {
  const options = { pages: -1, failOn: 'warning', limitInputPixels: false } as const
  const scaled = sharp(file, options).resize(width, height, { fit: 'fill' })
  if (!table) return scaled
  const { data, info } = await asCorruptPhoto(scaled.raw().toBuffer({ resolveWithObject: true }))
  const channels = info.channels as 3 | 4
  applyTable({ data, width, height: info.height, channels }, table)
  return sharp(data, { raw: { width, height: info.height, channels, pageHeight: height } })
}
