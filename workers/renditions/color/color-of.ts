import type { Metadata } from 'sharp'
import type { ColorSpace } from './color-space.ts'
import { greySpace } from './grey-profile.ts'
import { heifColor } from './heif-color.ts'
import { pngColor } from './png-space.ts'
import { whiteOf } from './samples.ts'

/** What the values of a file mean, and how they are stored. */
export type Color = {
  meaning: Meaning
  /** Of RGB that a profile or a colour space explains: the sample of full intensity as libvips gives it. */
  white: number
  /** Whether colours are stored as they look before black, as AVIF may have them. */
  isPremultiplied: boolean
}

/** `usual` is sRGB, and what sharp converts by itself: CMYK, Lab and 8-bit grey. */
export type Meaning =
  | { kind: 'usual' }
  | { kind: 'profile'; icc: Buffer }
  | { kind: 'space'; space: ColorSpace }

const NOTHING = { space: null, isPremultiplied: false }

/** A profile counts more than anything else a file says, but for cICP. */
export function colorOf(metadata: Metadata, original: Buffer): Color {
  const { format, depth, bitsPerSample = 8, icc } = metadata
  const white = whiteOf(depth === 'ushort' ? Math.max(bitsPerSample, 9) : 8)
  const heif = format === 'heif' ? heifColor(original) : NOTHING
  const png = format === 'png' ? pngColor(original) : null
  const usesProfile = png ? png.usesProfile : icc !== undefined
  return {
    meaning: usesProfile ? meaningBy(metadata) : meaningOf(png ? png.space : heif.space),
    white,
    isPremultiplied: heif.isPremultiplied,
  }
}

/** What values in that space mean; null is sRGB. */
export function meaningOf(space: ColorSpace | null): Meaning {
  return space ? { kind: 'space', space } : { kind: 'usual' }
}

function meaningBy({ icc, space }: Metadata): Meaning {
  if (icc && (space === 'srgb' || space === 'rgb16')) return { kind: 'profile', icc }
  // libvips leaves the profile of 16-bit grey aside.
  return meaningOf(icc && space === 'grey16' ? greySpace(icc) : null)
}
