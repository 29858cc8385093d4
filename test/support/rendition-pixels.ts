import sharp from 'sharp'
import type { AppliedLook } from '../../src/photo/look/look.ts'
import type { PresetName } from '../../src/photo/presets.ts'
import { recipeDigest } from '../../src/photo/recipe.ts'
import type { RenditionFormat } from '../../src/photo/rendition-formats.ts'
import type { RenditionFile } from './renditions.ts'
import { presetCalled } from './wish.ts'

export const LIMITS = { maxPixels: 100_000_000 }
export const JPEG_AND_WEBP = ['jpeg', 'webp'] as const
export const RED = [230, 30, 30]
export const GREEN = [30, 180, 40]
export const BLUE = [30, 50, 220]
export const YELLOW = [240, 220, 30]

export function digestOf(name: PresetName, format: RenditionFormat, look: AppliedLook | null): string {
  return recipeDigest({ preset: presetCalled(name), format, look, edition: 0 })
}

export function bodyOf(
  renditions: readonly RenditionFile[],
  preset: PresetName,
  format: RenditionFormat,
): Buffer {
  const found = renditions.find((it) => it.preset === preset && it.format === format)
  if (!found) throw new Error(`No ${format} of ${preset}`)
  return found.body
}

export async function frame(body: Buffer, page: number): Promise<Buffer> {
  return await sharp(body, { page }).png().toBuffer()
}

export function pixelsOf(body: Buffer): Promise<Buffer> {
  return sharp(body).raw().toBuffer()
}

/** The colour at a point of 0..1 from the top left corner. */
export async function colorAt(body: Buffer, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(body).raw().toBuffer({ resolveWithObject: true })
  const at = (part: number, length: number) => Math.round(part * (length - 1))
  const start = (at(y, info.height) * info.width + at(x, info.width)) * info.channels
  return [...data.subarray(start, start + 3)]
}
