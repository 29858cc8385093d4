import type { Size } from '../../../src/photo/fit.ts'
import { withCredit } from '../credit/with-credit.ts'
import type { Header } from '../read-header.ts'
import { sharp } from '../sharp.ts'
import { applicationSegments, segment } from './jpeg-segments.ts'
import { frameOf, type JpegPart, readStructure, scansOf } from './jpeg-structure.ts'

const [APP0, APP1, APP2, APP14, SOI, EOI, DQT] = [0xe0, 0xe1, 0xe2, 0xee, 0xd8, 0xd9, 0xdb]
/** What a picture is decoded from: frames, tables of both kinds, restart interval, scans. */
const CODED = new Set([0xc0, 0xc1, 0xc2, 0xc4, DQT, 0xda, 0xdd])
/** Sequential, sequential and progressive: what browsers decode. */
const PROCESSES: readonly (number | undefined)[] = [0, 1, 2]
/** Encoders write 14 at most; each is a pass over all pixels for whoever decodes it. */
const MAX_SCANS = 32
/** JFIF 1.1, square pixels, no thumbnail. */
const JFIF = segment(APP0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'))
const JFIF_NAME = Buffer.from('JFIF\0')
const ADOBE_NAME = Buffer.from('Adobe')
const PROFILE_NAME = Buffer.from('ICC_PROFILE\0')
const ADOBE_BYTES = 12

/** In zigzag order: those that most of a file's bytes go into, and all there are. */
const [LOW, ALL] = [21, 64]
/**
 * From these mean steps of brightness on, encoding at our quality has never fewer bytes than the original: measured on
 * photos with nine kinds of tables at all qualities. With the standard's tables it is quality 61.
 */
const COARSE = { low: 14, all: 30 }

/** `isCoarse`: encoding the picture anew would not make it smaller. */
export type OwnScan = { file: Buffer; isCoarse: boolean }

/**
 * A JPEG original's own coded pixels as a rendition of its size, with no metadata but its credit: not a pixel changes, and
 * nothing is encoded. Null where viewers would not see what they should: of a photo that is turned, in other colours than
 * sRGB, or coded as browsers can't read it.
 */
export async function ownScan(photo: Header, { width, height }: Size): Promise<OwnScan | null> {
  const { format, file, color, isUpright, credit } = photo
  if (format !== 'jpeg' || !isUpright || color.meaning.kind !== 'usual') return null
  if (width !== photo.width || height !== photo.height) return null
  const structure = readStructure(file)
  const frame = structure && frameOf(structure)
  if (!frame || !PROCESSES.includes(frame.process) || scansOf(structure).length > MAX_SCANS) return null
  // CMYK has four.
  if (frame.components.length !== 1 && frame.components.length !== 3) return null

  const parts = structure.parts
  // Of greys too, which libvips converts by itself.
  if (named(parts, APP2, PROFILE_NAME)) return null
  const body = parts
    .filter(({ marker }) => CODED.has(marker))
    .flatMap(({ segment, pixels }) => [segment, pixels])
  const start = Buffer.from([0xff, SOI])
  const credits = credit ? await creditSegments(credit) : []
  return {
    file: Buffer.concat([start, ...colorSegments(parts), ...credits, ...body, Buffer.from([0xff, EOI])]),
    isCoarse: meanStep(parts, LOW) >= COARSE.low && meanStep(parts, ALL) >= COARSE.all,
  }
}

/** What of the application segments says how colours are coded. */
function colorSegments(parts: readonly JpegPart[]): Buffer[] {
  const adobe = named(parts, APP14, ADOBE_NAME)
  return [
    ...(named(parts, APP0, JFIF_NAME) ? [JFIF] : []),
    ...(adobe ? [segment(APP14, adobe.segment.subarray(4, 4 + ADOBE_BYTES))] : []),
  ]
}

function named(parts: readonly JpegPart[], wanted: number, name: Buffer): JpegPart | undefined {
  return parts.find(
    ({ marker, segment }) => marker === wanted && segment.subarray(4, 4 + name.length).equals(name),
  )
}

/** As sharp writes them into a picture of a pixel. */
async function creditSegments(credit: NonNullable<Header['credit']>): Promise<Buffer[]> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: 'black' } })
  const { segments } = applicationSegments(await withCredit(pixel, credit).jpeg().toBuffer())
  return segments.filter(({ marker }) => marker === APP1).map(({ marker, body }) => segment(marker, body))
}

/** Of the first table, which is that of brightness, in bytes. Zero without one. */
function meanStep(parts: readonly JpegPart[], count: number): number {
  const table = parts.find(({ marker }) => marker === DQT)?.segment.subarray(4)
  if (table?.[0] !== 0) return 0
  return table.subarray(1, 1 + count).reduce((sum, step) => sum + step, 0) / count
}
