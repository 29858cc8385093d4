import type { Pixels } from '../pixels.ts'
import { colorWeightsOf, GBR } from './color-weights.ts'
import type { ColorCoding, Plane, Planes } from './planes.ts'

const FRACTION_BITS = 14
const HALF = 2 ** (FRACTION_BITS - 1)

/** 8-bit RGB, still in the picture's own primaries. All planes must have the size of the first. */
export function toRgb({ y, cb, cr, alpha, width, height, ...coding }: Planes): Pixels {
  const channels = alpha ? 4 : 3
  const data = Buffer.allocUnsafe(width * height * channels)
  const write = coding.matrix === GBR && cb && cr ? copyGbr : convert
  write(data, channels, { y, cb, cr }, coding)
  if (alpha) {
    const toByte = 255 / (2 ** coding.bits - 1)
    for (let i = 0; i < width * height; i++) data[4 * i + 3] = (alpha.data[i] as number) * toByte + 0.5
  }
  return { data, width, height, channels }
}

type Color = { y: Plane; cb: Plane | null; cr: Plane | null }

/** In whole numbers: 3 MP in 20 ms. */
function convert(data: Buffer, channels: number, { y, cb, cr }: Color, coding: ColorCoding): void {
  const { black, grey, ...weights } = colorWeightsOf(coding)
  const whole = (weight: number) => Math.round(weight * 2 ** FRACTION_BITS)
  const light = whole(weights.light)
  const redFromCr = whole(weights.redFromCr)
  const greenFromCb = whole(weights.greenFromCb)
  const greenFromCr = whole(weights.greenFromCr)
  const blueFromCb = whole(weights.blueFromCb)
  const none = new Uint8Array(0)
  const [luma, blues, reds] = [y.data, cb?.data ?? none, cr?.data ?? none]

  for (let i = 0, at = 0; i < luma.length; i++, at += channels) {
    const both = ((luma[i] as number) - black) * light + HALF
    const u = cb ? (blues[i] as number) - grey : 0
    const v = cr ? (reds[i] as number) - grey : 0
    data[at] = clamped((both + v * redFromCr) >> FRACTION_BITS)
    data[at + 1] = clamped((both + u * greenFromCb + v * greenFromCr) >> FRACTION_BITS)
    data[at + 2] = clamped((both + u * blueFromCb) >> FRACTION_BITS)
  }
}

function copyGbr(data: Buffer, channels: number, { y, cb, cr }: Color, { bits }: ColorCoding): void {
  const toByte = 255 / (2 ** bits - 1)
  for (const [channel, plane] of [cr, y, cb].entries()) {
    for (const [i, sample] of plane?.data.entries() ?? [])
      data[i * channels + channel] = sample * toByte + 0.5
  }
}

function clamped(value: number): number {
  return Math.max(0, Math.min(value, 255))
}
