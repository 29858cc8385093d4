/** Row by row, four bytes a pixel. */
export type Picture = { width: number; height: number; rgba: Uint8Array }

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10]

/** A small picture as a PNG (https://www.w3.org/TR/png-3/) that is not compressed: 64 kB of pixels at most. */
export function pngOf({ width, height, rgba }: Picture): Uint8Array {
  const rows: number[] = []
  // Each row begins with its filter: none.
  for (let y = 0; y < height; y++) rows.push(0, ...rgba.subarray(y * width * 4, (y + 1) * width * 4))
  return Uint8Array.from([
    ...SIGNATURE,
    ...chunk('IHDR', [...word(width), ...word(height), 8, 6, 0, 0, 0]),
    ...chunk('IDAT', stored(rows)),
    ...chunk('IEND', []),
  ])
}

function chunk(type: string, data: readonly number[]): number[] {
  const named = [...[...type].map((letter) => letter.charCodeAt(0)), ...data]
  return [...word(data.length), ...named, ...word(crc32(named))]
}

/** A zlib stream (RFC 1950) of one block that is not compressed (RFC 1951, 3.2.4). */
function stored(data: readonly number[]): number[] {
  const { length } = data
  const lengths = [length & 255, length >> 8, ~length & 255, (~length >> 8) & 255]
  return [0x78, 0x01, 1, ...lengths, ...data, ...word(adler32(data))]
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}

function crc32(data: readonly number[]): number {
  let crc = ~0
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc
}

function adler32(data: readonly number[]): number {
  let [a, b] = [1, 0]
  for (const byte of data) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return b * 65_536 + a
}
