import type { Size } from '../../../src/photo/fit.ts'
import { DC, dublinCore, xmpPacket, xmpTexts } from '../credit/xmp-texts.ts'
import { withFurtherImage } from '../further-images.ts'
import { applicationSegments, segment, withSegments } from '../jpeg/jpeg-segments.ts'
import { sharp } from '../sharp.ts'
import { type GainMap, isNamed } from './find-gain-map.ts'
import { APP1, APP2, HDRGM, ISO, XMP } from './gain-numbers.ts'

const QUALITY = 80
/** How much the aspects of a photo and its gain map may differ: they are whole pixels each. */
const ASPECT_TOLERANCE = 0.03

/**
 * Reads a photo's gain map once, and gives it beside a rendition of that size: as large as it was beside the original,
 * with nothing of its metadata but its numbers. Null when there is none that can be read: the picture is whole
 * without it.
 */
export function gainMapMaker(
  photo: Size & { gainMap: GainMap | null },
): (rendition: Size) => Promise<Buffer | null> {
  const { gainMap } = photo
  if (!gainMap) return async () => null
  let reading: ReturnType<GainMap['read']> | undefined
  return async (rendition) => {
    try {
      reading ??= gainMap.read(photo.width * photo.height)
      const { data, width, height, channels } = await reading
      if (Math.abs((width * photo.height) / (height * photo.width) - 1) > ASPECT_TOLERANCE) return null
      const scaled = (length: number, scale: number) => Math.max(1, Math.round(length * scale))
      const size = [
        scaled(width, rendition.width / photo.width),
        scaled(height, rendition.height / photo.height),
      ] as const
      const picture = await sharp(data, { raw: { width, height, channels } })
        .resize(...size, { fit: 'fill' })
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
        .toBuffer()
      return withSegments(picture, ...gainMap.segments)
    } catch {
      return null
    }
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
