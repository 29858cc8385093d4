const [SOF0, SOF15, DHT, JPG, DAC] = [0xc0, 0xcf, 0xc4, 0xc8, 0xcc]
const [RST0, RST7, SOI, EOI, SOS] = [0xd0, 0xd7, 0xd8, 0xd9, 0xda]

/** A marker with what it is followed by, and the coded pixels behind when it begins a scan. */
export type JpegPart = { marker: number; segment: Buffer; pixels: Buffer }

/** `tail` is the end with all behind it; null when there is none. */
export type JpegStructure = { parts: JpegPart[]; hasStrayBytes: boolean; tail: Buffer | null }

/** `process` is the number of the SOF marker: 0 and 1 are sequential, 2 progressive (ITU-T T.81, B.1). */
export type JpegFrame = { process: number; bits: number; components: number[] }

export type JpegScan = { components: number[]; from: number; to: number; lowBit: number }

/** What the file consists of, stray bytes between its segments left out. Null when it ends within a segment. */
export function readStructure(jpeg: Buffer): JpegStructure | null {
  const parts: JpegPart[] = []
  let hasStrayBytes = false
  let at = 2
  for (;;) {
    const start = nextMarker(jpeg, at)
    // Some writers fill up with 0xff.
    if (jpeg.subarray(at, start ?? at).some((byte) => byte !== 0xff)) hasStrayBytes = true
    if (start === null) return { parts, hasStrayBytes, tail: null }
    const marker = jpeg[start + 1] as number
    if (marker === EOI) return { parts, hasStrayBytes, tail: jpeg.subarray(start) }
    if (marker === SOI || start + 4 > jpeg.length) return null
    const end = start + 2 + jpeg.readUInt16BE(start + 2)
    if (end > jpeg.length) return null
    at = marker === SOS ? endOfScan(jpeg, end) : end
    parts.push({ marker, segment: jpeg.subarray(start, end), pixels: jpeg.subarray(end, at) })
  }
}

/** What the frame header says; null without one. */
export function frameOf({ parts }: JpegStructure): JpegFrame | null {
  const isFrame = ({ marker }: JpegPart) =>
    marker >= SOF0 && marker <= SOF15 && ![DHT, JPG, DAC].includes(marker)
  const part = parts.find(isFrame)
  if (!part) return null
  const { marker, segment } = part
  return { process: marker - SOF0, bits: segment[4] ?? 8, components: ids(segment, 10, 3) }
}

/** What each scan tells of which components, in the order of the file. */
export function scansOf({ parts }: JpegStructure): JpegScan[] {
  return parts.flatMap(({ marker, segment }) => {
    if (marker !== SOS) return []
    const [from = 0, to = 0, bits = 0] = segment.subarray(-3)
    return [{ components: ids(segment, 5, 2), from, to, lowBit: bits & 15 }]
  })
}

/** The numbers of components: how many there are stands before the first. */
function ids(segment: Buffer, first: number, step: number): number[] {
  return Array.from({ length: segment[first - 1] ?? 0 }, (_, i) => segment[first + i * step] ?? -1)
}

function nextMarker(jpeg: Buffer, from: number): number | null {
  for (let at = jpeg.indexOf(0xff, from); at >= 0 && at + 1 < jpeg.length; at = jpeg.indexOf(0xff, at + 1)) {
    const code = jpeg[at + 1] as number
    if (code !== 0 && code !== 0xff) return at
  }
  return null
}

/** The first marker that is no restart, or the end of the file without half a marker. */
function endOfScan(jpeg: Buffer, from: number): number {
  for (let at = nextMarker(jpeg, from); at !== null; at = nextMarker(jpeg, at + 2)) {
    const code = jpeg[at + 1] as number
    if (code < RST0 || code > RST7) return at
  }
  return jpeg.at(-1) === 0xff ? jpeg.length - 1 : jpeg.length
}
