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

export type TiffDirectory = ReadonlyMap<number, TiffField>

/** How a TIFF writes its numbers: BigTIFF is large. */
type Coding = { isLittle: boolean; isLarge: boolean }

/**
 * The fields of the first directory by their tags, of a TIFF file or of what is built like one: EXIF, the index of a
 * JPEG with several images. With `at`, those of the directory that begins at that byte, as EXIF has some within others.
 * What is damaged is not there; null when the bytes do not begin like TIFF.
 */
export function readDirectory(tiff: Buffer, at?: number): TiffDirectory | null {
  const kind = tiff.toString('latin1', 0, 4)
  const isLittle = kind === 'II*\0' || kind === 'II+\0'
  if (!isLittle && kind !== 'MM\0*' && kind !== 'MM\0+') return null
  const coding = { isLittle, isLarge: kind.includes('+') }
  const start = at ?? (coding.isLarge ? readNumber(tiff, 8, 8, coding) : readNumber(tiff, 4, 4, coding))
  return readFields(tiff, start, coding)
}

/** The fields of a directory in bytes that do not begin like TIFF, but count places from their beginning as TIFF does. */
export function readFields(bytes: Buffer, start: number, coding: Coding): TiffDirectory {
  const [word, countBytes] = coding.isLarge ? [8, 8] : [4, 2]
  const number = (at: number, size: number) => readNumber(bytes, at, size, coding)
  const entryBytes = 4 + 2 * word
  const first = start + countBytes
  const count = Math.min(number(start, countBytes), Math.floor((bytes.length - first) / entryBytes))
  const fields = new Map<number, TiffField>()
  for (let i = 0; i < count; i++) {
    const entry = first + i * entryBytes
    const type = number(entry + 2, 2)
    const size = SIZES[type]
    if (size === undefined) continue
    const length = size * number(entry + 4, word)
    const from = length <= word ? entry + 4 + word : number(entry + 4 + word, word)
    if (from + length > bytes.length) continue
    const numbers = () =>
      Array.from({ length: length / size }, (_, value) => number(from + value * size, size))
    fields.set(number(entry, 2), { type, bytes: bytes.subarray(from, from + length), numbers })
  }
  return fields
}

/** 0 behind the end. */
function readNumber(bytes: Buffer, at: number, size: number, { isLittle }: Coding): number {
  if (at + size > bytes.length) return 0
  if (size === 8) return Number(isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
  return isLittle ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size)
}
