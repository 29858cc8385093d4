import type { Size } from '../../src/photo/fit.ts'
import { furtherImages, withFurtherImage } from './further-images.ts'
import { applicationSegments, segment, withSegments } from './jpeg-segments.ts'
import { sharp } from './sharp.ts'
import { DC, dublinCore, xmpPacket, xmpTexts } from './xmp-texts.ts'

const [APP1, APP2] = [0xe1, 0xe2]
const XMP = 'http://ns.adobe.com/xap/1.0/\0'
const ISO = 'urn:iso:std:iso:ts:21496:-1\0'
const HDRGM = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'
const QUALITY = 80
/** Two versions, flags, and at most 22 fractions. */
const MAX_ISO_BYTES = ISO.length + 6 + 22 * 8
const ATTRIBUTE = /hdrgm:\w{1,30}="(?:[\d.eE+-]{1,30}|True|False)"/g
/** A number for each of red, green and blue. */
const LIST =
  /<hdrgm:(\w{1,30})>\s*<rdf:Seq>(?:\s*<rdf:li>[\d.eE+-]{1,30}<\/rdf:li>){3}\s*<\/rdf:Seq>\s*<\/hdrgm:\1>/g

/** The second JPEG of an Ultra HDR photo, and how both are turned (EXIF). */
export type GainMap = { jpeg: Buffer; orientation: number }

/**
 * The second JPEG of an Ultra HDR photo. Found by its numbers, so that libultrahdr need not be opened to strangers'
 * files.
 */
export function findGainMap(original: Buffer): Buffer | null {
  return furtherImages(original).find((image) => numbersOf(image).length > 0) ?? null
}

/**
 * How much brighter each part of the photo shows on an HDR screen: upright, and as large beside the rendition as it
 * was beside the original. Of its metadata only the numbers are kept. Null when there is none that can be read: the
 * picture is whole without it.
 */
export async function gainMapFor(
  photo: Size & { gainMap: GainMap | null },
  { width, height }: Size,
): Promise<Buffer | null> {
  if (!photo.gainMap) return null
  const { jpeg, orientation } = photo.gainMap
  const limitInputPixels = photo.width * photo.height
  try {
    const opened = sharp(jpeg, { limitInputPixels })
    const { channels } = await opened.metadata()
    const tagged = await opened.withMetadata({ orientation }).png().toBuffer()
    const { autoOrient: size } = await sharp(tagged).metadata()
    const scaled = (length: number, scale: number) => Math.max(1, Math.round(length * scale))
    const picture = await sharp(tagged, { autoOrient: true })
      .resize(scaled(size.width, width / photo.width), scaled(size.height, height / photo.height), {
        fit: 'fill',
      })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .jpeg({ quality: QUALITY })
      .toBuffer()
    return withSegments(picture, ...numbersOf(jpeg))
  } catch {
    return null
  }
}

/**
 * One file of both, which shows as the picture alone where gain maps are unknown: an index of images (CIPA DC-007),
 * and in XMP the directory of Android's Ultra HDR format 1.0.
 */
export function attachGainMap(picture: Buffer, gainMap: Buffer): Buffer {
  const directory = `<Container:Directory><rdf:Seq>${item('Semantic="Primary"')}${item(`Semantic="GainMap" Item:Length="${gainMap.length}"`)}</rdf:Seq></Container:Directory>`
  const names = `${HDRGM} xmlns:Container="http://ns.google.com/photos/1.0/container/" xmlns:Item="http://ns.google.com/photos/1.0/container/item/" hdrgm:Version="1.0"`
  const hasIso = applicationSegments(gainMap).segments.some(({ body }) => isNamed(body, ISO))
  const { xmp, rest } = takeXmp(picture)
  const described = withSegments(
    rest,
    segment(APP1, XMP, xmpPacket(`${names} ${DC}`, `${directory}${xmp ? dublinCore(xmpTexts(xmp)) : ''}`)),
    ...(hasIso ? [segment(APP2, ISO, Buffer.alloc(4))] : []),
  )
  return withFurtherImage(described, gainMap)
}

/** A file has one packet of XMP: that of the picture's credit makes way for one with both. */
function takeXmp(picture: Buffer): { xmp: Buffer | null; rest: Buffer } {
  const { segments } = applicationSegments(picture)
  const found = segments.find(({ body }) => isNamed(body, XMP))
  if (!found) return { xmp: null, rest: picture }
  const { start, body } = found
  const rest = Buffer.concat([picture.subarray(0, start - 4), picture.subarray(start + body.length)])
  return { xmp: body.subarray(XMP.length), rest }
}

function item(attributes: string): string {
  return `<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg" Item:${attributes}/></rdf:li>`
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

function isNamed(body: Buffer, name: string): boolean {
  return body.subarray(0, name.length).equals(Buffer.from(name))
}
