import { BT709, PRIMARIES, type Primaries } from './primaries.ts'
import { sRgb, TRANSFERS, type Transfer } from './transfers.ts'

/** What RGB values mean that no ICC profile explains. */
export type ColorSpace = { primaries: Primaries; transfer: Transfer }

/** Numbers of ITU-T H.273, as nclx in HEIC and AVIF and cICP in PNG write them. */
export type ColorCodes = { primaries: number; transfer: number }

/** The colour space that the codes name; null for sRGB, which what they leave open is taken for. */
export function codedSpace(codes: ColorCodes): ColorSpace | null {
  return unlessSrgb({
    primaries: PRIMARIES[codes.primaries] ?? BT709,
    transfer: TRANSFERS[codes.transfer] ?? sRgb,
  })
}

/** Null for sRGB itself: there is nothing to convert then. */
export function unlessSrgb(space: ColorSpace): ColorSpace | null {
  return space.primaries === BT709 && space.transfer === sRgb ? null : space
}
