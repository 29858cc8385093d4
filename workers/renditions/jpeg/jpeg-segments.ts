/** `start` is where the body begins in the file. */
export type Segment = { marker: number; body: Buffer; start: number }

const [APP0, APP15] = [0xe0, 0xef]

/** The application segments that a JPEG file begins with, and where they end. */
export function applicationSegments(jpeg: Buffer): { segments: Segment[]; end: number } {
  const segments: Segment[] = []
  let at = 2
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1] as number
    if (marker < APP0 || marker > APP15) break
    const end = at + 2 + jpeg.readUInt16BE(at + 2)
    segments.push({ marker, body: jpeg.subarray(at + 4, end), start: at + 4 })
    at = end
  }
  return { segments, end: at }
}

export function segment(marker: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}

/** The file with these segments behind those it begins with. */
export function withSegments(jpeg: Buffer, ...added: readonly Buffer[]): Buffer {
  const { end } = applicationSegments(jpeg)
  return Buffer.concat([jpeg.subarray(0, end), ...added, jpeg.subarray(end)])
}
