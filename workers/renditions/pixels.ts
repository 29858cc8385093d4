import type { Size } from '../../src/photo/fit.ts'

/** Decoded, upright, 8-bit sRGB, row by row without gaps; alpha, where there is any, is not premultiplied. */
export type Pixels = Size & { data: Buffer; channels: 3 | 4 }

/** Drops an alpha channel that hides nothing, as most GIF and many PNG files have. Reuses the memory. */
export function withoutIdleAlpha(pixels: Pixels): Pixels {
  if (pixels.channels === 3 || !isOpaque(pixels.data)) return pixels
  const { data, width, height } = pixels
  let to = 0
  for (let from = 0; from < data.length; from += 4) {
    data[to++] = data[from] as number
    data[to++] = data[from + 1] as number
    data[to++] = data[from + 2] as number
  }
  return { data: data.subarray(0, to), width, height, channels: 3 }
}

function isOpaque(rgba: Buffer): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false
  return true
}

/**
 * Gives memory back now, once nobody reads these bytes any more; each may be named more than once. JavaScript's
 * collector sees a small object and leaves its megabytes for long; and the more of them there are, the more often it
 * looks through everything else.
 */
export function free(bytes: readonly (Uint8Array | Uint16Array)[]): void {
  for (const { buffer, byteLength } of new Set(bytes)) {
    if (buffer instanceof ArrayBuffer && byteLength > Buffer.poolSize) buffer.transfer(0)
  }
}
