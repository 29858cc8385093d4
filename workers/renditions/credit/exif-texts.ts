import { readDirectory } from '../tiff/tiff-directory.ts'
import type { Credit } from './credit.ts'
import { decodeText } from './decode-text.ts'

const ARTIST = 0x013b
const COPYRIGHT = 0x8298
/** Windows' own field for it, in UTF-16. */
const XP_AUTHOR = 0x9c9d
const [BYTE, ASCII, UTF_8] = [1, 2, 129]

/** Artist and copyright of an EXIF block or a TIFF file. What is damaged is not there. */
export function exifTexts(block: Buffer): Credit {
  const tiff = block.subarray(0, 6).equals(Buffer.from('Exif\0\0')) ? block.subarray(6) : block
  const fields = readDirectory(tiff)
  const text = (tag: number, types: readonly number[], decode: (bytes: Buffer) => string) => {
    const field = fields?.get(tag)
    if (!field || !types.includes(field.type)) return null
    // Photographer and editor stand in one field, a zero between them and behind.
    return decode(field.bytes).split('\0').join(' ').trim()
  }
  return {
    artist:
      text(ARTIST, [ASCII, UTF_8], decodeText) ||
      text(XP_AUTHOR, [BYTE], (bytes) => bytes.toString('utf16le')),
    copyright: text(COPYRIGHT, [ASCII, UTF_8], decodeText),
  }
}
