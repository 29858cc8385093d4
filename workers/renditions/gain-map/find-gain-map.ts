import { xmpPacket } from '../credit/xmp-texts.ts'
import { furtherImages } from '../further-images.ts'
import { type HeifItems, readHeifItems } from '../heif/heif-items.ts'
import { applicationSegments, segment } from '../jpeg/jpeg-segments.ts'
import { APPLE_GAIN_MAP, appleHeadroom, appleNumbers, toIsoGain } from './apple-gain.ts'
import { APP1, APP2, gainSegments, HDRGM, ISO, readGainNumbers, XMP } from './gain-numbers.ts'
import { type GainPicture, heicGain, jpegGain } from './gain-picture.ts'

/** Two versions, flags, and at most 22 fractions. */
const MAX_ISO_BYTES = ISO.length + 6 + 22 * 8
const ATTRIBUTE = /hdrgm:\w{1,30}="(?:[\d.eE+-]{1,30}|True|False)"/g
/** A number for each of red, green and blue. */
const LIST =
  /<hdrgm:(\w{1,30})>\s*<rdf:Seq>(?:\s*<rdf:li>[\d.eE+-]{1,30}<\/rdf:li>){3}\s*<\/rdf:Seq>\s*<\/hdrgm:\1>/g

/** How much brighter each part of a photo shows on an HDR screen, and the segments of a JPEG that say how to read it. */
export type GainMap = { read(maxPixels: number): Promise<GainPicture>; segments: Buffer[] }

/** Of the photo the gain map may lie in: how it is turned, and its EXIF block. */
type Beside = { orientation: number; exif: Buffer | undefined }

/**
 * The second JPEG of an Ultra HDR photo, or of an iPhone's. Found by its numbers, so that libultrahdr need not be
 * opened to strangers' files.
 */
export function jpegGainMap(original: Buffer, { orientation, exif }: Beside): GainMap | null {
  for (const jpeg of furtherImages(original)) {
    const read = (maxPixels: number) => jpegGain(jpeg, orientation, maxPixels)
    const segments = numbersOf(jpeg)
    if (segments.length > 0) return { read, segments }
    const xmp = xmpIn(jpeg)
    const headroom = xmp.includes('HDRGainMap:HDRGainMapVersion') ? appleHeadroom(xmp, exif) : null
    if (headroom !== null) return appleGainMap(read, headroom)
  }
  return null
}

/** The gain map in a HEIC file that a `tmap` item applies (ISO 21496-1), or Apple's. */
export function heicGainMap(original: Buffer, { exif }: Pick<Beside, 'exif'>): GainMap | null {
  const heif = readHeifItems(original)
  return heif && (isoGainMap(original, heif) ?? appleAuxiliary(original, heif, exif))
}

function isoGainMap(original: Buffer, heif: HeifItems): GainMap | null {
  for (const { name, from, to } of heif.references) {
    const [base, gain] = to
    if (name !== 'dimg' || heif.items.get(from)?.type !== 'tmap' || base !== heif.primary) continue
    const data = heif.dataOf(from)
    const numbers = data && readGainNumbers(data)
    if (numbers && gain !== undefined) {
      return { read: (maxPixels) => heicGain(original, gain, maxPixels), segments: gainSegments(numbers) }
    }
  }
  return null
}

function appleAuxiliary(original: Buffer, heif: HeifItems, exif: Buffer | undefined): GainMap | null {
  const { primary, references, items, dataOf } = heif
  for (const { name, from, to } of references) {
    const use = items.get(from)?.properties.find(({ type }) => type === 'auxC')?.body
    if (name !== 'auxl' || !to.includes(primary) || !use?.includes(APPLE_GAIN_MAP)) continue
    const about = references.find((reference) => reference.name === 'cdsc' && reference.to.includes(from))
    const xmp = about ? (dataOf(about.from)?.toString() ?? '') : ''
    const headroom = appleHeadroom(xmp, exif)
    if (headroom !== null) return appleGainMap((maxPixels) => heicGain(original, from, maxPixels), headroom)
  }
  return null
}

function appleGainMap(read: GainMap['read'], headroom: number): GainMap {
  return {
    segments: gainSegments(appleNumbers(headroom)),
    async read(maxPixels) {
      const picture = await read(maxPixels)
      toIsoGain(picture.data, headroom)
      return picture
    },
  }
}

/** The numbers as they were written, in XMP, by ISO 21496-1, or both. */
function numbersOf(gainMap: Buffer): Buffer[] {
  return applicationSegments(gainMap).segments.flatMap(({ marker, body }) => {
    if (marker === APP2 && isNamed(body, ISO) && body.length <= MAX_ISO_BYTES) return [segment(marker, body)]
    if (marker !== APP1 || !isNamed(body, XMP)) return []
    const xml = body.subarray(XMP.length).toString()
    if (!xml.includes('hdrgm:GainMapMax')) return []
    const [attributes, lists] = [xml.match(ATTRIBUTE) ?? [], xml.match(LIST) ?? []]
    return [segment(APP1, XMP, xmpPacket([HDRGM, ...attributes].join(' '), lists.join('')))]
  })
}

function xmpIn(jpeg: Buffer): string {
  const found = applicationSegments(jpeg).segments.find(({ body }) => isNamed(body, XMP))
  return found ? found.body.subarray(XMP.length).toString() : ''
}

/** Whether a segment begins with the name of what it holds. */
export function isNamed(body: Buffer, name: string): boolean {
  return body.subarray(0, name.length).equals(Buffer.from(name))
}
