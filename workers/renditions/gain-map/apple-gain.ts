import { readDirectory, readFields, type TiffField } from '../tiff/tiff-directory.ts'
import type { GainNumbers } from './gain-numbers.ts'

/** What Apple's gain maps are called, in HEIC. */
export const APPLE_GAIN_MAP = 'urn:com:apple:photo:2020:aux:hdrgainmap'

const [EXIF_DIRECTORY, MAKER_NOTE] = [0x8769, 0x927c]
const APPLE = 'Apple iOS\0'
/** Where the directory of Apple's note begins in it: behind the name, a version and the order of bytes. */
const NOTE_START = 14
const [HDR_HEADROOM, HDR_GAIN] = [33, 48]
const MAX_HEADROOM = 64

/**
 * How many times brighter than white an iPhone's photo gets: as its gain map's XMP says, or else by the two numbers
 * in the maker's note of its EXIF (Apple, "Applying Apple HDR effect to your photos"). Null when neither tells.
 */
export function appleHeadroom(xmp: string, exif: Buffer | undefined): number | null {
  const named = /HDRGainMap:HDRGainMapHeadroom(?:="|>)([\d.]{1,20})/.exec(xmp)?.[1]
  const headroom = named ? Number(named) : exif ? headroomOfNote(exif) : null
  return headroom !== null && headroom > 1 && headroom <= MAX_HEADROOM ? headroom : null
}

/** What Apple's gain map means: white is the headroom, black 1, and between them `toIsoGain` makes even steps. */
export function appleNumbers(headroom: number): GainNumbers {
  const stops = Math.log2(headroom)
  const per = { min: [0], max: [stops], gamma: [1], baseOffset: [0], offset: [0] }
  return { ...per, baseHeadroom: 0, headroom: stops, flags: 0 }
}

/** From Apple's values, where light by BT.709's curve is how far from 1 to the headroom, to even steps of brightness. */
export function toIsoGain(values: Buffer, headroom: number): void {
  const table = Uint8Array.from({ length: 256 }, (_, i) => {
    const value = i / 255
    const share = value < 0.081 ? value / 4.5 : ((value + 0.099) / 1.099) ** (1 / 0.45)
    return (255 * Math.log2(1 + (headroom - 1) * share)) / Math.log2(headroom) + 0.5
  })
  for (let i = 0; i < values.length; i++) values[i] = table[values[i] as number] as number
}

function headroomOfNote(block: Buffer): number | null {
  const tiff = block.subarray(0, 6).equals(Buffer.from('Exif\0\0')) ? block.subarray(6) : block
  const [exif] = readDirectory(tiff)?.get(EXIF_DIRECTORY)?.numbers() ?? []
  const note = exif === undefined ? undefined : readDirectory(tiff, exif)?.get(MAKER_NOTE)?.bytes
  if (note?.toString('latin1', 0, APPLE.length) !== APPLE) return null
  const fields = readFields(note, NOTE_START, { isLittle: false, isLarge: false })
  const [headroom, gain] = [fractionOf(fields.get(HDR_HEADROOM)), fractionOf(fields.get(HDR_GAIN))]
  if (headroom === null || gain === null) return null
  return 2 ** Math.max(0, stopsOf(headroom, gain))
}

/** Apple's own formula. */
function stopsOf(headroom: number, gain: number): number {
  if (headroom < 1) return gain <= 0.01 ? -20 * gain + 1.8 : -0.101 * gain + 1.601
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: not a logarithm.
  return gain <= 0.01 ? -70 * gain + 3 : -0.303 * gain + 2.303
}

function fractionOf(field: TiffField | undefined): number | null {
  return field?.bytes.length === 8 ? field.bytes.readInt32BE(0) / field.bytes.readInt32BE(4) : null
}
