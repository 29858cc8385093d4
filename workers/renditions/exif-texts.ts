import type { Credit } from './credit.ts'
import { decodeText } from './decode-text.ts'

const ARTIST = 0x013b
const COPYRIGHT = 0x8298
const ASCII = 2
const ENTRY_BYTES = 12

/** Artist and copyright of an EXIF block or a TIFF file. What is damaged is not there. */
export function exifTexts(block: Buffer): Credit {
  const tiff = block.subarray(0, 6).equals(Buffer.from('Exif\0\0')) ? block.subarray(6) : block
  const isLittle = tiff.subarray(0, 4).equals(Buffer.from('II*\0'))
  const isBig = tiff.subarray(0, 4).equals(Buffer.from('MM\0*'))
  if (!isLittle && !isBig) return { artist: null, copyright: null }

  const short = (at: number) =>
    at + 2 > tiff.length ? 0 : isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at)
  const long = (at: number) =>
    at + 4 > tiff.length ? 0 : isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at)
  const start = long(4)
  const entries = Array.from({ length: short(start) }, (_, i) => start + 2 + ENTRY_BYTES * i)
  const text = (tag: number) => {
    const entry = entries.find((at) => short(at) === tag && short(at + 2) === ASCII)
    if (entry === undefined) return null
    const length = long(entry + 4)
    const from = length <= 4 ? entry + 8 : long(entry + 8)
    if (from + length > tiff.length) return null
    // Photographer and editor stand in one tag, a zero between them and behind.
    return decodeText(tiff.subarray(from, from + length))
      .split('\0')
      .join(' ')
      .trim()
  }
  return { artist: text(ARTIST), copyright: text(COPYRIGHT) }
}
