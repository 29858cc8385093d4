import { sharp } from '../sharp.ts'
import {
  frameOf,
  type JpegFrame,
  type JpegPart,
  type JpegScan,
  type JpegStructure,
  readStructure,
  scansOf,
} from './jpeg-structure.ts'

const [SOI, EOI, SOS, APP0, APP14] = [0xd8, 0xd9, 0xda, 0xe0, 0xee]
const PROGRESSIVE = 2
const COEFFICIENTS = 64
const END = Buffer.from([0xff, EOI])
/** As many as are coded together at most. */
const LAST_ROWS = 32

/**
 * The file as its writer meant it, where what is wrong stands between the coded pixels and not in them: stray bytes
 * between segments, a scan of a sequential JPEG that speaks of progression, versions nobody knows, no end although
 * every scan is there. libjpeg warns of these as it does of a hole in the picture, which must be refused; of the
 * mended file it warns no more, unless there is a hole besides. A sound file comes back as it is, and so does one
 * that is past mending. When an end was added, `hasLastRows` must be asked as well.
 */
export function mendJpeg(jpeg: Buffer): { file: Buffer; isEndAdded: boolean } {
  const asItIs = { file: jpeg, isEndAdded: false }
  const structure = jpeg[0] === 0xff ? readStructure(jpeg) : null
  const frame = structure && frameOf(structure)
  if (!structure || !frame) return asItIs
  if (!structure.tail && !isCodedWhole(frame, scansOf(structure))) return asItIs
  const segments = structure.parts.map((part) => mendSegment(part, frame))
  const isSound = segments.every((segment, i) => segment === structure.parts[i]?.segment)
  if (isSound && structure.tail && !structure.hasStrayBytes) return asItIs
  return { file: join(structure, segments), isEndAdded: structure.tail === null }
}

/**
 * Whether the last rows are there, of a file to which an end was added. @NOTE libvips asks libjpeg for warnings before
 * it reads each eight rows, and never after the last. But rows that are there don't change with what follows them.
 */
export async function hasLastRows(mended: Buffer): Promise<boolean> {
  const body = mended.subarray(0, -END.length)
  const other = Buffer.concat([body, Buffer.alloc(64, 0xfe), END])
  const [rows, otherRows] = await Promise.all([lastRows(mended), lastRows(other)])
  return rows.equals(otherRows)
}

async function lastRows(jpeg: Buffer): Promise<Buffer> {
  const picture = sharp(jpeg, { failOn: 'none', limitInputPixels: false })
  const { width, height } = await picture.metadata()
  const rows = Math.min(height, LAST_ROWS)
  return await picture
    .extract({ left: 0, top: height - rows, width, height: rows })
    .raw()
    .toBuffer()
}

function join({ parts, tail }: JpegStructure, segments: readonly Buffer[]): Buffer {
  const body = segments.flatMap((segment, i) => [segment, (parts[i] as JpegPart).pixels])
  return Buffer.concat([Buffer.from([0xff, SOI]), ...body, tail ?? END])
}

function mendSegment({ marker, segment }: JpegPart, { process, components }: JpegFrame): Buffer {
  const name = segment.toString('latin1', 4, 9)
  // Samsung's cameras write numbers of progression here.
  if (marker === SOS && process < PROGRESSIVE) return withBytes(segment, segment.length - 3, [0, 63, 0])
  if (marker === APP0 && name === 'JFIF\0' && ![1, 2].includes(segment[9] ?? 1)) {
    return withBytes(segment, 9, [1])
  }
  // What libjpeg takes for granted when it does not know the number.
  const [known, assumed] = components.length === 4 ? [[0, 2], 2] : [[0, 1], 1]
  if (marker === APP14 && name === 'Adobe' && !known.includes(segment[15] ?? 0)) {
    return withBytes(segment, 15, [assumed])
  }
  return segment
}

/** The same segment when it has these bytes already. */
function withBytes(segment: Buffer, at: number, bytes: readonly number[]): Buffer {
  if (bytes.every((byte, i) => segment[at + i] === byte)) return segment
  const mended = Buffer.from(segment)
  mended.set(bytes, at)
  return mended
}

/**
 * Whether the scans tell everything of every component, down to the last bit; whether each is whole the decoder
 * sees. Nothing can be said of other processes: arithmetic coding may end early.
 */
function isCodedWhole({ process, components }: JpegFrame, scans: readonly JpegScan[]): boolean {
  if (process > PROGRESSIVE || components.length === 0) return false
  return components.every((component) => {
    const own = scans.filter((scan) => scan.components.includes(component))
    if (process < PROGRESSIVE) return own.length > 0
    return Array.from({ length: COEFFICIENTS }, (_, i) => i).every((i) =>
      own.some(({ from, to, lowBit }) => from <= i && i <= to && lowBit === 0),
    )
  })
}
