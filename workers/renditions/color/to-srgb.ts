import type { Pixels } from '../pixels.ts'
import type { ColorSpace } from './color-space.ts'
import { luminanceWeights, toSrgbPrimaries } from './primaries.ts'
import type { Samples } from './samples.ts'
import { toneMap } from './tone-map.ts'
import { HDR_WHITE } from './transfers.ts'

/** The screen that BT.2100 has in mind for HLG: its brightest in cd/m², and what it adds to the camera's curve. */
const HLG_SCREEN = { peak: 1000, gamma: 1.2 }
/** So few pixels may be brighter than what counts as a picture's brightest: a hot pixel dims nothing. */
const BRIGHTER = 1 / 10_000
/** Enough to find that share of. */
const LOOKED_AT = 100_000
/** Of tables by light, and of the one that tone-maps, which is smooth. */
const STEPS = 65_535
const DIM_STEPS = 16_383

/** Light of sRGB's primaries, where 1 is white: of the pixel whose samples begin there, into three numbers. */
type ReadLight = (at: number, rgb: Float64Array) => void

const encoded = Uint8Array.from({ length: STEPS + 1 }, (_, i) => {
  const light = i / STEPS
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055) + 0.5
})

/**
 * Samples of that colour space in 8-bit sRGB. What sRGB lacks is clipped, as libvips does by a profile; HDR is
 * tone-mapped, with the white of paper at 203 cd/m². All by tables.
 */
export function toSrgb(samples: Samples, space: ColorSpace): Pixels {
  const { data, channels, width, height, white } = samples
  const read = lightReader(samples, space)
  const brightest = space.transfer.range === 'standard' ? 1 : brightestOf(samples, read)
  const dimming = brightest > 1 ? dimmingTo(brightest) : null
  const perLight = DIM_STEPS / brightest
  const out = Buffer.allocUnsafe(data.length)
  const rgb = new Float64Array(3)
  for (let i = 0; i < data.length; i += channels) {
    read(i, rgb)
    let red = rgb[0] as number
    let green = rgb[1] as number
    let blue = rgb[2] as number
    if (dimming) {
      // By the brightest of the three for all of them: so the hue stays.
      const most = Math.max(red, green, blue)
      const dim = dimming[Math.min(most * perLight, DIM_STEPS) | 0] as number
      red *= dim
      green *= dim
      blue *= dim
    }
    out[i] = encoded[indexOf(red)] as number
    out[i + 1] = encoded[indexOf(green)] as number
    out[i + 2] = encoded[indexOf(blue)] as number
  }
  if (channels === 4) {
    for (let i = 3; i < data.length; i += 4) out[i] = ((data[i] as number) * 255) / white + 0.5
  }
  return { data: out, width, height, channels }
}

function lightReader({ data, white }: Samples, { primaries, transfer }: ColorSpace): ReadLight {
  const length = data.BYTES_PER_ELEMENT === 2 ? 65_536 : 256
  const light = Float64Array.from({ length }, (_, sample) => transfer.light(Math.min(sample / white, 1)))
  const [[rr, rg, rb], [gr, gg, gb], [br, bg, bb]] = toSrgbPrimaries(primaries)
  const [inRed, inGreen, inBlue] = luminanceWeights(primaries)
  const shown = transfer.range === 'hlg' ? hlgScreen() : null
  return (at, rgb) => {
    const r = light[data[at] as number] as number
    const g = light[data[at + 1] as number] as number
    const b = light[data[at + 2] as number] as number
    const gain = shown ? (shown[indexOf(inRed * r + inGreen * g + inBlue * b)] as number) : 1
    rgb[0] = (rr * r + rg * g + rb * b) * gain
    rgb[1] = (gr * r + gg * g + gb * b) * gain
    rgb[2] = (br * r + bg * g + bb * b) * gain
  }
}

/** How many times white the screen shows of what the camera saw, by its brightness (BT.2100's OOTF). */
function hlgScreen(): Float64Array {
  const { peak, gamma } = HLG_SCREEN
  return Float64Array.from({ length: STEPS + 1 }, (_, i) => (peak / HDR_WHITE) * (i / STEPS) ** (gamma - 1))
}

/** What is left of light by tone mapping, from none to the brightest. */
function dimmingTo(brightest: number): Float64Array {
  return Float64Array.from({ length: DIM_STEPS + 1 }, (_, i) => {
    const light = (Math.max(i, 1) / DIM_STEPS) * brightest
    return toneMap(light, brightest) / light
  })
}

/** The light that hardly any pixel is above, times white. */
function brightestOf({ data, channels }: Samples, read: ReadLight): number {
  const step = channels * Math.ceil(data.length / channels / LOOKED_AT)
  const most = new Float64Array(Math.ceil(data.length / step))
  const rgb = new Float64Array(3)
  for (let i = 0; i < most.length; i++) {
    read(i * step, rgb)
    most[i] = Math.max(rgb[0] as number, rgb[1] as number, rgb[2] as number)
  }
  return most.sort()[Math.floor((most.length - 1) * (1 - BRIGHTER))] as number
}

function indexOf(light: number): number {
  return light < 0 ? 0 : light > 1 ? STEPS : (light * STEPS + 0.5) | 0
}
