import { crc32 } from 'node:zlib'

const HEADER_END = 33

/** The PNG with these chunks behind its header, and without those that say what its colours mean. */
export function withChunks(png: Buffer, chunks: Record<string, Buffer | readonly number[]>): Buffer {
  const parts = [
    png.subarray(0, HEADER_END),
    ...Object.entries(chunks).map(([name, body]) => chunk(name, body)),
  ]
  for (let at = HEADER_END; at < png.length; ) {
    const end = at + 12 + png.readUInt32BE(at)
    const isColor = ['cICP', 'iCCP', 'sRGB', 'gAMA', 'cHRM'].includes(png.toString('latin1', at + 4, at + 8))
    if (!isColor) parts.push(png.subarray(at, end))
    at = end
  }
  return Buffer.concat(parts)
}

function chunk(name: string, body: Buffer | readonly number[]): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), Buffer.from(body)])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(named.length - 4)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}

/** Numbers as gAMA and cHRM have them. */
export function hundredThousandths(...values: number[]): Buffer {
  const body = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) body.writeUInt32BE(Math.round(value * 100_000), 4 * i)
  return body
}
