import { applicationSegments, segment } from './jpeg/jpeg-segments.ts'
import { readDirectory } from './tiff/tiff-directory.ts'

/** The index of a JPEG file that holds several images (CIPA DC-007, "MPF"): a segment with a TIFF directory in it. */
const NAME = 'MPF\0'
const APP2 = 0xe2
const ENTRY_BYTES = 16
const [VERSION, IMAGE_COUNT, ENTRIES] = [0xb000, 0xb001, 0xb002]

/** The images behind the first, as the file's index says. None when it has none, or what it says can't be. */
export function furtherImages(jpeg: Buffer): Buffer[] {
  const index = applicationSegments(jpeg).segments.find(({ body }) =>
    body.subarray(0, 4).equals(Buffer.from(NAME)),
  )
  if (!index) return []
  const tiff = index.body.subarray(NAME.length)
  const entries = readDirectory(tiff)?.get(ENTRIES)?.bytes ?? Buffer.alloc(0)
  const isLittle = tiff.subarray(0, 2).equals(Buffer.from('II'))
  const word = (at: number) => (isLittle ? entries.readUInt32LE(at) : entries.readUInt32BE(at))
  const count = Math.floor(entries.length / ENTRY_BYTES)
  return Array.from({ length: Math.max(0, count - 1) }, (_, i) => {
    const entry = ENTRY_BYTES * (i + 1)
    // Offsets count from the start of what is like TIFF in here.
    const start = index.start + NAME.length + word(entry + 8)
    return jpeg.subarray(start, start + word(entry + 4))
  })
}

/** The file with an index, and with the image behind it. */
export function withFurtherImage(jpeg: Buffer, image: Buffer): Buffer {
  const { end } = applicationSegments(jpeg)
  const index = segment(APP2, NAME, directory())
  const length = jpeg.length + index.length
  const entries = index.length - 2 * ENTRY_BYTES
  index.writeUInt32BE(0x00030000, entries) // the primary image
  index.writeUInt32BE(length, entries + 4)
  index.writeUInt32BE(image.length, entries + ENTRY_BYTES + 4)
  index.writeUInt32BE(length - (end + 4 + NAME.length), entries + ENTRY_BYTES + 8)
  return Buffer.concat([jpeg.subarray(0, end), index, jpeg.subarray(end), image])
}

/** Big-endian, with room for the entries of two images at its end. */
function directory(): Buffer {
  const tiff = Buffer.alloc(50 + 2 * ENTRY_BYTES)
  tiff.write('MM\0*', 'latin1')
  tiff.writeUInt32BE(8, 4)
  const tags: [tag: number, type: number, count: number, value: number][] = [
    [VERSION, 7, 4, 0x30313030],
    [IMAGE_COUNT, 4, 1, 2],
    [ENTRIES, 7, 2 * ENTRY_BYTES, 50],
  ]
  tiff.writeUInt16BE(tags.length, 8)
  for (const [i, [tag, type, count, value]] of tags.entries()) {
    tiff.writeUInt16BE(tag, 10 + 12 * i)
    tiff.writeUInt16BE(type, 12 + 12 * i)
    tiff.writeUInt32BE(count, 14 + 12 * i)
    tiff.writeUInt32BE(value, 18 + 12 * i)
  }
  return tiff
}
