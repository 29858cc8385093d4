import type { ColorTable } from '../../../src/photo/look/color-table.ts'
import { applyPlainly, latticeOf, pointsOf } from '../../../src/photo/look/plain-table.ts'
import type { Pixels } from '../pixels.ts'
import { roomIn, startKernel } from './kernel.ts'

/** kernels/look-up.ts. */
type Kernel = {
  memory: WebAssembly.Memory
  lookUp(
    pixels: number,
    end: number,
    to: number,
    channels: number,
    table: number,
    redStep: number,
    greenStep: number,
    blueStep: number,
  ): void
}

/** Of a point in the kernel's table. */
const POINT_BYTES = 8
const TABLE_AT = 4096
/** So many pixels at once: they stay in the processor's cache. */
const PIXELS = 16_384

let kernel: Kernel | null | undefined

/**
 * Looks every pixel up in the table, in place; alpha stays. Tetrahedral interpolation: the six tetrahedra of a cell share
 * its diagonal of greys, so greys come out as clean as the table's. The identity table gives back every pixel exactly.
 * On vectors, where there are any: 3.1 MP in 25 ms.
 */
export function applyTable(pixels: Pixels, table: ColorTable): void {
  if (kernel === undefined) kernel = startKernel<Kernel>('look-up')
  if (kernel) applyOnVectors(kernel, pixels, table)
  else applyPlainly(pixels, table)
}

function applyOnVectors(kernel: Kernel, { data, channels }: Pixels, table: ColorTable): void {
  const { size } = table
  const pixelsAt = TABLE_AT + size ** 3 * POINT_BYTES
  const resultAt = pixelsAt + PIXELS * channels + 1
  const bytes = roomIn(kernel.memory, resultAt + PIXELS * channels + 1)
  putTable(kernel.memory, table)
  const steps = [POINT_BYTES, POINT_BYTES * size, POINT_BYTES * size * size] as const
  for (let from = 0; from < data.length; from += PIXELS * channels) {
    const part = data.subarray(from, from + PIXELS * channels)
    bytes.set(part, pixelsAt)
    kernel.lookUp(pixelsAt, pixelsAt + part.length, resultAt, channels, TABLE_AT, ...steps)
    part.set(bytes.subarray(resultAt, resultAt + part.length))
  }
}

function putTable({ buffer }: WebAssembly.Memory, table: ColorTable): void {
  const { size } = table
  const { rest, point } = latticeOf(size)
  const axes = [1, size, size * size].map((step) => point.map((at) => at * step * POINT_BYTES))
  for (const [i, list] of [rest, ...axes].entries()) new Int32Array(buffer, i * 1024, 256).set(list)
  pointsOf(table, new Int16Array(buffer, TABLE_AT, size ** 3 * 4))
}
