import type { ColorCodes } from './color-space.ts'

const SEQUENCE_HEADER = 1
/** Of an operating point, from which on it also says its tier. */
const TIERED_LEVEL = 7
const CHOSEN_PER_FRAME = 2

/**
 * The colours that an AV1 stream names in its sequence header (AV1 bitstream, 5.5), which count where the file around
 * it names none. Null when it names none either, or does not begin with such a header. Throws a RangeError when it
 * ends within it.
 */
export function av1Colors(stream: Buffer): ColorCodes | null {
  for (let at = 0; at < stream.length; ) {
    const { type, start, end } = unitAt(stream, at)
    if (type === SEQUENCE_HEADER) return colorsOf(stream.subarray(start, end))
    at = end
  }
  return null
}

/** A unit of the stream (5.3); one that does not say its size goes on to the end. */
function unitAt(stream: Buffer, at: number) {
  const head = stream.readUInt8(at)
  let start = at + (head & 4 ? 2 : 1)
  let size = stream.length - start
  if (head & 2) {
    size = 0
    // Seven bits in each byte, the lowest first.
    for (let shift = 0, more = true; more && shift < 28; shift += 7) {
      const byte = stream.readUInt8(start++)
      size |= (byte & 0x7f) << shift
      more = byte > 0x7f
    }
  }
  return { type: (head >> 3) & 15, start, end: start + size }
}

function colorsOf(header: Buffer): ColorCodes | null {
  const read = bitReader(header)
  const profile = read(3)
  read(1) // still picture
  const isReduced = read(1) === 1
  if (isReduced) read(5)
  else skipOperatingPoints(read)
  const [widthBits, heightBits] = [read(4) + 1, read(4) + 1]
  read(widthBits + heightBits)
  if (!isReduced && read(1)) read(7) // frame ids
  read(3)
  if (!isReduced) skipTools(read)
  read(3)

  const isDeep = read(1) === 1
  if (profile === 2 && isDeep) read(1)
  if (profile !== 1) read(1) // grey
  if (!read(1)) return null
  return { primaries: read(8), transfer: read(8) }
}

function skipOperatingPoints(read: (bits: number) => number): void {
  let delayBits = 0
  if (read(1)) {
    read(64) // the length of a tick
    if (read(1)) skipLongNumber(read)
    if (read(1)) {
      delayBits = read(5) + 1
      read(42)
    }
  }
  const hasDelays = read(1) === 1
  for (let points = read(5) + 1; points > 0; points--) {
    read(12)
    if (read(5) > TIERED_LEVEL) read(1)
    if (delayBits > 0 && read(1)) read(2 * delayBits + 1)
    if (hasDelays && read(1)) read(4)
  }
}

/** As many zeros before the first one as bits behind it (4.10.3). */
function skipLongNumber(read: (bits: number) => number): void {
  let zeros = 0
  while (!read(1)) zeros++
  read(zeros)
}

function skipTools(read: (bits: number) => number): void {
  read(4)
  const hasOrder = read(1) === 1
  if (hasOrder) read(2)
  const screenTools = read(1) ? CHOSEN_PER_FRAME : read(1)
  if (screenTools > 0 && !read(1)) read(1)
  if (hasOrder) read(3)
}

/** Reads numbers of that many bits, one behind the other; of more than 32 only the last 32. */
function bitReader(bytes: Buffer): (bits: number) => number {
  let at = 0
  return (bits) => {
    let value = 0
    for (let left = bits; left > 0; left--, at++) {
      value = ((value << 1) | ((bytes.readUInt8(at >> 3) >> (7 - (at & 7))) & 1)) >>> 0
    }
    return value
  }
}
