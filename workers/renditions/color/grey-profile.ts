import type { ColorSpace } from './color-space.ts'
import { BT709 } from './primaries.ts'
import { power, standard } from './transfers.ts'

const [TAG_COUNT, TAGS, TAG_BYTES] = [128, 132, 12]
const FIXED = 65_536

/**
 * The curve of a profile of greys, which is all there is in it (ICC.1:2022, 8.3.4); null when it has none that can be
 * read. libvips knows no such profile for 16 bits.
 */
export function greySpace(profile: Buffer): ColorSpace | null {
  if (profile.length < TAGS || profile.toString('latin1', 16, 20) !== 'GRAY') return null
  if (profile.toString('latin1', 20, 24) !== 'XYZ ') return null
  const count = Math.min(profile.readUInt32BE(TAG_COUNT), (profile.length - TAGS) / TAG_BYTES)
  for (let at = TAGS; at < TAGS + count * TAG_BYTES; at += TAG_BYTES) {
    if (profile.toString('latin1', at, at + 4) !== 'kTRC') continue
    const start = profile.readUInt32BE(at + 4)
    const light = curveOf(profile.subarray(start, start + profile.readUInt32BE(at + 8)))
    return light && { primaries: BT709, transfer: standard(light) }
  }
  return null
}

function curveOf(tag: Buffer): ((value: number) => number) | null {
  const kind = tag.toString('latin1', 0, 4)
  if (kind === 'curv' && tag.length >= 12) return sampledCurve(tag)
  if (kind === 'para' && tag.length >= 12) return formula(tag)
  return null
}

/** 10.6: none is a straight line, one an exponent, more are steps between black and white. */
function sampledCurve(tag: Buffer): ((value: number) => number) | null {
  const count = tag.readUInt32BE(8)
  if (tag.length < 12 + 2 * count) return null
  if (count === 0) return power(1).light
  if (count === 1) return power(tag.readUInt16BE(12) / 256).light
  return (value) => {
    const place = Math.min(value, 1) * (count - 1)
    const before = Math.min(Math.floor(place), count - 2)
    const [from, to] = [tag.readUInt16BE(12 + 2 * before), tag.readUInt16BE(14 + 2 * before)]
    return (from + (to - from) * (place - before)) / 65_535
  }
}

/** 10.18: (aX + b)^g + e from d on, and cX + f below. */
function formula(tag: Buffer): ((value: number) => number) | null {
  const type = tag.readUInt16BE(8)
  const needed = [1, 3, 4, 5, 7][type]
  if (needed === undefined || tag.length < 12 + 4 * needed) return null
  const numbers = Array.from({ length: needed }, (_, i) => tag.readInt32BE(12 + 4 * i) / FIXED)
  const [g = 1, a = 1, b = 0, third = 0, fourth = 0, e = 0, f = 0] = numbers
  if (type === 0) return power(g).light
  const upper = (value: number) => Math.max(0, a * value + b) ** g
  if (type === 1) return (value) => (value >= -b / a ? upper(value) : 0)
  if (type === 2) return (value) => (value >= -b / a ? upper(value) + third : third)
  return (value) => (value >= fourth ? upper(value) + e : third * value + f)
}
