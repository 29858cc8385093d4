import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const CHANNELS = 3

/** 8-bit RGB, row by row without gaps, as a PNG in sRGB (W3C PNG, third edition). Compresses off the event loop. */
export async function encodePng({
  data,
  width,
  height,
}: {
  data: Buffer
  width: number
  height: number
}): Promise<Buffer> {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0])
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  const pixels = await promisify(deflate)(subFiltered(data, width * CHANNELS, height), { level: 9 })
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('sRGB', Buffer.from([0])),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Each row begins with its filter, 1: bytes are told as the difference to the pixel on their left. */
function subFiltered(data: Buffer, rowBytes: number, height: number): Buffer {
  const rows = Buffer.alloc((rowBytes + 1) * height)
  for (let y = 0; y < height; y++) {
    const to = y * (rowBytes + 1)
    const from = y * rowBytes
    rows[to] = 1
    for (let x = 0; x < rowBytes; x++) {
      const left = x < CHANNELS ? 0 : (data[from + x - CHANNELS] as number)
      rows[to + 1 + x] = (data[from + x] as number) - left
    }
  }
  return rows
}

function chunk(type: string, content: Buffer): Buffer {
  const bytes = Buffer.alloc(content.length + 12)
  bytes.writeUInt32BE(content.length, 0)
  bytes.write(type, 4, 'latin1')
  content.copy(bytes, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), content.length + 8)
  return bytes
}
