import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { expect } from 'vitest'
import { COLUMNS, layOut } from '../../fixtures/patches.ts'
import { RENDITION_FORMAT_NAMES } from '../../src/photo/rendition-formats.ts'
import { colorDifference, labOf } from '../../workers/renditions/color/color-difference.ts'
import { makeRenditions } from './renditions.ts'
import { wish } from './wish.ts'

export const [P3, BT2020, SRGB] = [12, 9, 13]

export const FINE = { quality: 100, chromaSubsampling: '4:4:4' } as const

export function draw(patches: readonly (readonly number[])[]): Sharp {
  const { data, ...raw } = layOut(patches, 3)
  return sharp(Uint8Array.from(data), { raw })
}

export function in16Bits(value: number): number {
  return Math.min(Math.round(value * 65_535), 65_535)
}

/** Values from 0 to 1. */
export async function deepPng(coded: readonly (readonly number[])[]): Promise<Buffer> {
  const { data, ...raw } = layOut(
    coded.map((values) => values.map(in16Bits)),
    3,
  )
  return await sharp(data, { raw }).toColourspace('rgb16').png().toBuffer()
}

/** sharp takes a profile from a file. */
export async function inProfile(
  patches: Sharp,
  profile: Buffer,
  format: 'jpeg' | 'png' | 'tiff',
): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  try {
    const path = join(folder, 'profile.icc')
    await writeFile(path, profile)
    return await patches
      .withIccProfile(path)
      .toFormat(format, format === 'jpeg' ? FINE : {})
      .toBuffer()
  } finally {
    await rm(folder, { recursive: true })
  }
}

export function hex([red = 0, green = 0, blue = 0]: readonly number[] | Uint8Array): number {
  return (red << 16) | (green << 8) | blue
}

/** The values in the middle of each patch, of the largest WebP. */
export async function valuesOf(original: Buffer, count: number): Promise<number[][]> {
  const wanted = wish({ presets: ['full'], formats: ['webp'] })
  const { renditions } = await makeRenditions(original, wanted, { maxPixels: 1e8 })
  const { data, info } = await sharp(renditions[0]?.body).raw().toBuffer({ resolveWithObject: true })
  const columns = Math.min(count, COLUMNS)
  const side = info.width / columns
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [
      Math.floor(((i % columns) + 0.5) * side),
      Math.floor((Math.floor(i / columns) + 0.5) * side),
    ]
    const start = (y * info.width + x) * info.channels
    return [...data.subarray(start, start + info.channels)]
  })
}

export async function expectPatches(
  original: Buffer,
  patches: readonly (readonly number[])[],
): Promise<void> {
  const wanted = wish({
    presets: ['small', 'full'],
    formats: RENDITION_FORMAT_NAMES,
  })
  const { renditions } = await makeRenditions(original, wanted, { maxPixels: 1e8 })

  for (const { body, width } of renditions) {
    const { data, info } = await sharp(body).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    const side = width / COLUMNS
    const differences = patches.map((patch, i) => {
      const [x, y] = [(i % COLUMNS) + 0.5, Math.floor(i / COLUMNS) + 0.5].map((at) => Math.floor(at * side))
      const start = ((y as number) * info.width + (x as number)) * info.channels
      return colorDifference(labOf(hex(patch)), labOf(hex(data.subarray(start, start + 3))))
    })
    expect(Math.max(...differences)).toBeLessThan(2)
  }
}
