import type { Pixels } from '../pixels.ts'

const [SHORT, LONG, UNDEFINED] = [3, 4, 7]
const SIZES: Record<number, number> = { [SHORT]: 2, [LONG]: 4, [UNDEFINED]: 1 }
const HEADER_BYTES = 8
const ENTRY_BYTES = 12

/** The pixels as a TIFF file that says what their values mean: sharp takes a profile from nowhere else than a file. */
export function tiffOf({ data, width, height, channels }: Pixels, profile: Buffer): Buffer {
  const bits = Buffer.from(new Uint16Array(channels).fill(8).buffer)
  const entries: [tag: number, type: number, value: number | Buffer][] = [
    [256, LONG, width],
    [257, LONG, height],
    [258, SHORT, bits],
    [259, SHORT, 1], // not compressed
    [262, SHORT, 2], // RGB
    [273, LONG, 0], // where the pixels begin: known below
    [277, SHORT, channels],
    [278, LONG, height],
    [279, LONG, data.length],
    ...(channels === 4 ? [[338, SHORT, 2] as [number, number, number]] : []), // alpha, not premultiplied
    [34675, UNDEFINED, profile],
  ]
  let end = HEADER_BYTES + 2 + entries.length * ENTRY_BYTES + 4
  const head = Buffer.alloc(end + bits.length + profile.length + 8)
  head.write('II*\0', 'latin1')
  head.writeUInt32LE(HEADER_BYTES, 4)
  head.writeUInt16LE(entries.length, HEADER_BYTES)
  for (const [i, [tag, type, value]] of entries.entries()) {
    const at = HEADER_BYTES + 2 + i * ENTRY_BYTES
    head.writeUInt16LE(tag, at)
    head.writeUInt16LE(type, at + 2)
    if (typeof value === 'number') {
      head.writeUInt32LE(1, at + 4)
      head.writeUInt32LE(tag === 273 ? head.length : value, at + 8)
    } else {
      head.writeUInt32LE(value.length / (SIZES[type] as number), at + 4)
      head.writeUInt32LE(end, at + 8)
      value.copy(head, end)
      end += value.length + (value.length % 2)
    }
  }
  return Buffer.concat([head, data])
}
