import type { Rendition } from '../../photo/photo.ts'
import type { PresetName } from '../../photo/presets.ts'
import type { RenditionFormat } from '../../photo/rendition-formats.ts'

// The renditions of one edition and stage as one value of some 70 bytes, where a row for each took 130.
//
//   value   = preset*                  values one after the other are a value, too
//   preset  = name width height count rendition{count}
//   name    = a byte of PRESETS, or 0, length, UTF-8
//   rendition = a byte of FORMATS, 4 bytes of digest, bytes; with SHARED added to the byte, and the name of another
//               preset behind it, where the object is named by that
//
// Width, height, length, count and bytes are numbers in 7 bits a byte, the lowest first; all but the last have the 8th set.

/** Databases hold these bytes: a name keeps its number for ever, and a new one gets the next. */
const PRESETS = ['', 'thumb', 'small', 'medium', 'feed', 'full']
const FORMATS = ['', 'jpeg', 'webp', 'avif']
const SHARED = 128

type Preset = Pick<Rendition, 'preset' | 'width' | 'height'>

/** Renditions as the catalog keeps them; those of one preset and size that follow one another share their beginning. */
export function encodeRenditions(renditions: readonly Rendition[]): Buffer {
  const bytes: number[] = []
  for (let start = 0, end: number; start < renditions.length; start = end) {
    const preset = renditions[start] as Rendition
    const other = renditions.findIndex((each, index) => index > start && !isAlike(each, preset))
    end = other === -1 ? renditions.length : other
    bytes.push(...nameOf(preset.preset), ...numberOf(preset.width), ...numberOf(preset.height))
    bytes.push(...numberOf(end - start))
    for (const { format, namedBy, digest, bytes: size } of renditions.slice(start, end)) {
      const code = FORMATS.indexOf(format)
      bytes.push(...(namedBy === undefined ? [code] : [code + SHARED, ...nameOf(namedBy)]))
      bytes.push(...Buffer.from(digest, 'hex'), ...numberOf(size))
    }
  }
  return Buffer.from(bytes)
}

/** The renditions that a value tells of, in its order. */
export function decodeRenditions(value: Buffer): Rendition[] {
  const renditions: Rendition[] = []
  let at = 0
  const byte = () => value.readUInt8(at++)
  const take = (length: number) => {
    at += length
    return value.subarray(at - length, at)
  }
  const number = () => {
    let sum = 0
    for (let factor = 1; ; factor *= 128) {
      const next = byte()
      sum += (next & 127) * factor
      if (next < 128) return sum
    }
  }
  const name = (): PresetName => PRESETS[byte()] || String(take(number()))
  while (at < value.length) {
    const preset = name()
    const size = { width: number(), height: number() }
    for (let left = number(); left > 0; left--) {
      const code = byte()
      const shared = code >= SHARED ? { namedBy: name() } : {}
      const format = FORMATS[code % SHARED] as RenditionFormat
      renditions.push({
        preset,
        ...shared,
        format,
        digest: take(4).toString('hex'),
        ...size,
        bytes: number(),
      })
    }
  }
  return renditions
}

function isAlike(a: Preset, b: Preset): boolean {
  return a.preset === b.preset && a.width === b.width && a.height === b.height
}

function nameOf(preset: string): number[] {
  const number = PRESETS.indexOf(preset)
  if (number > 0) return [number]
  const name = Buffer.from(preset)
  return [0, ...numberOf(name.length), ...name]
}

function numberOf(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return [...bytes, rest]
}
