import { xmpPacket } from '../credit/xmp-texts.ts'
import { segment } from '../jpeg/jpeg-segments.ts'

export const [APP1, APP2] = [0xe1, 0xe2]
export const XMP = 'http://ns.adobe.com/xap/1.0/\0'
export const ISO = 'urn:iso:std:iso:ts:21496:-1\0'
export const HDRGM = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'

/**
 * What the values of a gain map mean, as ISO 21496-1 has it: one number for all colours, or one each for red, green
 * and blue. Gains and headrooms are powers of two; `min` is the gain of black, `max` of white.
 */
export type GainNumbers = Record<PerColor, number[]> & {
  baseHeadroom: number
  headroom: number
  flags: number
}
type PerColor = (typeof PER_COLOR)[number]

/** In the order they are written in, and their names in XMP. */
const PER_COLOR = ['min', 'max', 'gamma', 'baseOffset', 'offset'] as const
const NAMES: Record<PerColor, string> = {
  min: 'GainMapMin',
  max: 'GainMapMax',
  gamma: 'Gamma',
  baseOffset: 'OffsetSDR',
  offset: 'OffsetHDR',
}
const SIGNED: ReadonlySet<PerColor> = new Set(['min', 'max', 'baseOffset', 'offset'])
const [MULTICHANNEL, BASE_COLORS, ONE_DENOMINATOR] = [0x80, 0x40, 0x08]
/** Where the numbers begin in an item. */
const START = 6
const DENOMINATOR = 1_000_000

/** Of a HEIF item `tmap`: behind its own version. Null when it can't be read, or when the picture is the HDR one. */
export function readGainNumbers(item: Buffer): GainNumbers | null {
  if (item.length < START + 4 || item[0] !== 0 || item.readUInt16BE(1) !== 0) return null
  const flags = item.readUInt8(START - 1)
  const colors = flags & MULTICHANNEL ? 3 : 1
  const common = flags & ONE_DENOMINATOR ? item.readUInt32BE(START) : null
  const [start, bytes] = common === null ? [START, 8] : [START + 4, 4]
  if (item.length < start + bytes * (2 + PER_COLOR.length * colors)) return null
  let at = start - bytes
  const fraction = (isSigned: boolean) => {
    at += bytes
    return (isSigned ? item.readInt32BE(at) : item.readUInt32BE(at)) / (common ?? item.readUInt32BE(at + 4))
  }
  const [baseHeadroom, headroom] = [fraction(false), fraction(false)]
  const lists: Record<PerColor, number[]> = { min: [], max: [], gamma: [], baseOffset: [], offset: [] }
  for (let color = 0; color < colors; color++) {
    for (const name of PER_COLOR) lists[name].push(fraction(SIGNED.has(name)))
  }
  const all = [baseHeadroom, headroom, ...Object.values(lists).flat()]
  if (!all.every(Number.isFinite) || headroom <= baseHeadroom) return null
  return { ...lists, baseHeadroom, headroom, flags: flags & (MULTICHANNEL | BASE_COLORS) }
}

/** The segments of a gain map's JPEG that say its numbers, by ISO 21496-1 and in XMP as Android reads it. */
export function gainSegments(numbers: GainNumbers): Buffer[] {
  const { baseHeadroom, headroom, flags } = numbers
  const colors = numbers.min.map((_, color) => PER_COLOR.map((name) => numbers[name][color] as number))
  const fractions = [baseHeadroom, headroom, ...colors.flat()]
  const body = Buffer.alloc(5 + 8 * fractions.length)
  body.writeUInt8(flags, 4)
  for (const [i, value] of fractions.entries()) {
    body.writeInt32BE(Math.round(value * DENOMINATOR), 5 + 8 * i)
    body.writeUInt32BE(DENOMINATOR, 9 + 8 * i)
  }
  const single = PER_COLOR.filter((name) => new Set(numbers[name]).size === 1)
  const attributes = [
    'hdrgm:Version="1.0" hdrgm:BaseRenditionIsHDR="False"',
    `hdrgm:HDRCapacityMin="${baseHeadroom}" hdrgm:HDRCapacityMax="${headroom}"`,
    ...single.map((name) => `hdrgm:${NAMES[name]}="${numbers[name][0]}"`),
  ]
  const lists = PER_COLOR.filter((name) => !single.includes(name)).map((name) => {
    const values = numbers[name].map((value) => `<rdf:li>${value}</rdf:li>`).join('')
    return `<hdrgm:${NAMES[name]}><rdf:Seq>${values}</rdf:Seq></hdrgm:${NAMES[name]}>`
  })
  return [
    segment(APP1, XMP, xmpPacket([HDRGM, ...attributes].join(' '), lists.join(''))),
    segment(APP2, ISO, body),
  ]
}
