import { readFileSync } from 'node:fs'
import type { Pixels } from '../pixels.ts'
import { colorWeightsOf, GBR } from './color-weights.ts'
import type { ColorCoding, Plane, Planes } from './planes.ts'

type BytePlane = Plane & { data: Uint8Array }

/** As phones write it: 8 bits, a colour sample for every 2 × 2 pixels (4:2:0), nothing transparent. */
export type HalvedPlanes = Planes & { y: BytePlane; cb: BytePlane; cr: BytePlane; alpha: null }

/** kernels/rows.ts, compiled, in a memory of its own. */
type Kernels = {
  memory: WebAssembly.Memory
  useWeights(...weights: number[]): void
  mixRows(nearest: number, second: number, third: number, farthest: number, count: number, to: number): void
  convertRow(y: number, cb: number, cr: number, width: number, to: number): void
}

const WEIGHT_BITS = 13
const PAGE = 65_536
/** What the kernels may touch before and behind a row. */
const MARGIN = 64

let kernels: Kernels | null | undefined

export function isHalved(planes: Planes): planes is HalvedPlanes {
  const { bits, matrix, width, height, cb, cr, alpha } = planes
  const isHalf = (plane: Plane | null) =>
    plane?.width === Math.ceil(width / 2) && plane.height === Math.ceil(height / 2)
  return bits === 8 && matrix !== GBR && isHalf(cb) && isHalf(cr) && alpha === null
}

/**
 * As toRgb does, colours interpolated between their samples, on vectors: 12 MP in 60 ms, half of them to fill new
 * memory. Row by row, so that its own stays in the processor's cache. Null where there are no vector instructions.
 */
export function halvedToRgb({ y, cb, cr, width, height, ...coding }: HalvedPlanes): Pixels | null {
  if (kernels === undefined) kernels = startKernels()
  if (!kernels) return null
  useWeights(kernels, coding)
  const at = layOut(width)
  const bytes = roomIn(kernels.memory, at.end)
  const data = Buffer.allocUnsafe(width * height * 3)
  for (let row = 0; row < height; row++) {
    bytes.set(rowOf(y, row), at.y)
    const nearest = row >> 1
    const side = row % 2 === 0 ? -1 : 1
    const rows = [nearest, nearest + side, nearest - side, nearest + 2 * side]
    mixInto(at.cb, rows, cb)
    mixInto(at.cr, rows, cr)
    kernels.convertRow(at.y, at.cb, at.cr, width, at.rgb)
    data.set(bytes.subarray(at.rgb, at.rgb + 3 * width), row * 3 * width)
  }
  return { data, width, height, channels: 3 }

  function mixInto(to: number, rows: readonly number[], plane: BytePlane): void {
    for (const [i, row] of rows.entries()) bytes.set(rowOf(plane, row), at.colors[i])
    const [a = 0, b = 0, c = 0, d = 0] = at.colors
    kernels?.mixRows(a, b, c, d, plane.width, to)
  }
}

/** Past the first or the last row, that one. */
function rowOf({ data, width, height }: BytePlane, row: number): Uint8Array {
  const start = Math.max(0, Math.min(row, height - 1)) * width
  return data.subarray(start, start + width)
}

/** Where rows begin in the kernels' memory: samples as they are, mixed ones of 16 bits, and the result. */
function layOut(width: number) {
  const row = width + 2 * MARGIN
  const colors = [1, 2, 3, 4].map((i) => MARGIN + i * row)
  const [cb, cr, rgb] = [MARGIN + 5 * row, MARGIN + 6 * row, MARGIN + 7 * row]
  return { y: MARGIN, colors, cb, cr, rgb, end: rgb + 3 * row }
}

function roomIn(memory: WebAssembly.Memory, size: number): Uint8Array {
  const missing = size - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
  return new Uint8Array(memory.buffer)
}

function startKernels(): Kernels | null {
  const code = readFileSync(new URL('./kernels/rows.wasm', import.meta.url))
  if (!WebAssembly.validate(code)) return null
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
  return exports as Kernels
}

function useWeights(kernels: Kernels, coding: ColorCoding): void {
  const { black, light, redFromCr, greenFromCb, greenFromCr, blueFromCb } = colorWeightsOf(coding)
  const weights = [light, redFromCr, greenFromCb, greenFromCr, blueFromCb]
  kernels.useWeights(black, ...weights.map((weight) => Math.round(weight * 2 ** WEIGHT_BITS)))
}
