/** Bytes of one value of each type (TIFF 6.0, BigTIFF, and EXIF 3.0's text in UTF-8). */
const SIZES: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
  129: 1,
}

/** A field's values as they lie in the file. `numbers` are those of whole numbers without a sign. */
export type TiffField = { type: number; bytes: Buffer; numbers(): number[] }

/**
 * The fields of the first directory by their tags, of a TIFF file or of what is built like one: EXIF, the index of a
 * JPEG with several images. What is damaged is not there; null when the bytes do not begin like TIFF.
 */
export function readDirectory(tiff: Buffer): ReadonlyMap<number, TiffField> | null {
  const kind = tiff.toString('latin1', 0, 4)
  const isLittle = kind === 'II*\0' || kind === 'II+\0'
  if (!isLittle && kind !== 'MM\0*' && kind !== 'MM\0+') return null
  const isLarge = kind.includes('+')
  const number = (at: number, bytes: number): number => {
    if (at + bytes > tiff.length) return 0
    if (bytes === 8) return Number(isLittle ? tiff.readBigUInt64LE(at) : tiff.readBigUInt64BE(at))
    return isLittle ? tiff.readUIntLE(at, bytes) : tiff.readUIntBE(at, bytes)
  }

  const [word, countBytes] = isLarge ? [8, 8] : [4, 2]
  const start = number(isLarge ? 8 : 4, word)
  const entryBytes = 4 + 2 * word
  const first = start + countBytes
  const count = Math.min(number(start, countBytes), Math.floor((tiff.length - first) / entryBytes))
  const fields = new Map<number, TiffField>()
  for (let i = 0; i < count; i++) {
    const entry = first + i * entryBytes
    const type = number(entry + 2, 2)
    const size = SIZES[type]
    if (size === undefined) continue
    const length = size * number(entry + 4, word)
    const from = length <= word ? entry + 4 + word : number(entry + 4 + word, word)
    if (from + length > tiff.length) continue
    const numbers = () =>
      Array.from({ length: length / size }, (_, value) => number(from + value * size, size))
    fields.set(number(entry, 2), { type, bytes: tiff.subarray(from, from + length), numbers })
  }
  return fields
}
