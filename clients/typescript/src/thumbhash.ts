import { type Picture, pngOf } from './png.ts'

const { atob, btoa } = globalThis as unknown as { atob(text: string): string; btoa(bytes: string): string }

/** The longer side, in pixels: more would show no more. */
const SIDE = 32

/** A photo's `thumbhash` as a `data:` URL, to be shown until the photo is there. */
export function thumbhashUrl(thumbhash: string): string {
  const png = pngOf(thumbhashPixels(thumbhash))
  return `data:image/png;base64,${btoa(String.fromCharCode(...png))}`
}

/** A photo's `thumbhash` as pixels, for a canvas: for pages that allow no `data:` URLs, or draw many. */
export function thumbhashPixels(thumbhash: string): Picture {
  return decodeThumbhash(Uint8Array.from(atob(thumbhash), (letter) => letter.charCodeAt(0)))
}

/**
 * The picture of a ThumbHash (https://evanw.github.io/thumbhash/): for lightness, two colours and perhaps opacity an average
 * and the amplitudes of a few cosine waves, in nibbles.
 */
export function decodeThumbhash(hash: Uint8Array): Picture {
  const at = (index: number) => hash[index] ?? 0
  const head = at(0) | (at(1) << 8) | (at(2) << 16)
  const sizes = at(3) | (at(4) << 8)
  const hasAlpha = head >> 23 === 1
  const isLandscape = sizes >> 15 === 1
  const longer = hasAlpha ? 5 : 7
  const shorter = sizes & 7
  const [across, down] = isLandscape ? [longer, shorter] : [shorter, longer]

  let nibble = hasAlpha ? 12 : 10
  /** A channel's waves: how often across, how often down, how strong. */
  const waves = (nx: number, ny: number, scale: number): Wave[] => {
    const all: Wave[] = []
    for (let y = 0; y < ny; y++)
      for (let x = y === 0 ? 1 : 0; x * ny < nx * (ny - y); x++) {
        const value = (at(nibble >> 1) >> ((nibble & 1) << 2)) & 15
        nibble++
        all.push({ x, y, strength: 2 * (value / 7.5 - 1) * scale })
      }
    return all
  }
  const part = (from: number, bits: number, of: number) =>
    ((of >> from) & ((1 << bits) - 1)) / ((1 << bits) - 1)
  const lightness = {
    mean: part(0, 6, head),
    waves: waves(Math.max(3, across), Math.max(3, down), part(18, 5, head)),
  }
  const yellowBlue = { mean: part(6, 6, head) * 2 - 1, waves: waves(3, 3, part(3, 6, sizes) * 1.25) }
  const redGreen = { mean: part(12, 6, head) * 2 - 1, waves: waves(3, 3, part(9, 6, sizes) * 1.25) }
  const opacity = hasAlpha
    ? { mean: (at(5) & 15) / 15, waves: waves(5, 5, (at(5) >> 4) / 15) }
    : { mean: 1, waves: [] }

  const width = Math.round(across > down ? SIDE : (SIDE * across) / down)
  const height = Math.round(across > down ? (SIDE * down) / across : SIDE)
  const rgba = new Uint8Array(width * height * 4)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = ({ mean, waves }: Channel) =>
        waves.reduce(
          (sum, wave) => sum + wave.strength * cosine(wave.x, x, width) * cosine(wave.y, y, height),
          mean,
        )
      const l = value(lightness)
      const q = value(redGreen)
      const blue = l - (2 / 3) * value(yellowBlue)
      const red = (3 * l - blue + q) / 2
      for (const [i, channel] of [red, red - q, blue, value(opacity)].entries())
        rgba[(y * width + x) * 4 + i] = Math.max(0, 255 * Math.min(1, channel))
    }
  return { width, height, rgba }
}

type Wave = { x: number; y: number; strength: number }
type Channel = { mean: number; waves: readonly Wave[] }

function cosine(times: number, at: number, length: number): number {
  return Math.cos((Math.PI / length) * (at + 0.5) * times)
}
