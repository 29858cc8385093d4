import {
  grainLines,
  lineLength,
  type Side,
  sidesOf,
  WEIGHTS,
  wholeEffects,
} from '../../../src/photo/look/effect-lattice.ts'
import { type Effects, hasEffects } from '../../../src/photo/look/effects.ts'
import { applyEffectsPlainly } from '../../../src/photo/look/plain-effects.ts'
import type { Pixels } from '../pixels.ts'
import { roomIn, startKernel } from './kernel.ts'

/** kernels/effects.ts. */
type Kernel = {
  memory: WebAssembly.Memory
  applyEffects(
    pixels: number,
    end: number,
    to: number,
    channels: number,
    squares: number,
    cells: number,
    weights: number,
    line: number,
    down: number,
    vignette: number,
    grain: number,
  ): void
}

let kernel: Kernel | null | undefined

/** Gives a whole picture its vignette and its grain, in place; alpha stays. On vectors, where there are any. */
export function applyEffects(picture: Pixels, effects: Effects): void {
  if (!hasEffects(effects)) return
  if (kernel === undefined) kernel = startKernel<Kernel>('effects')
  if (kernel) applyOnVectors(kernel, picture, effects)
  else applyEffectsPlainly(picture, effects)
}

function applyOnVectors({ memory, applyEffects }: Kernel, picture: Pixels, effects: Effects): void {
  const { data, width, height, channels } = picture
  const { vignette, grain } = wholeEffects(effects, picture)
  const { columns, rows } = sidesOf(picture)
  const rowBytes = width * channels
  const inFours = 4 * Math.ceil(width / 4)
  const cellsAt = inFours * 4
  const weightsAt = cellsAt + inFours * 4
  const lineAt = weightsAt + inFours * 8
  const lineCells = lineLength(columns)
  const pixelsAt = lineAt + (lineCells + 1) * 2
  const resultAt = pixelsAt + inFours * channels + 4
  const bytes = roomIn(memory, resultAt + inFours * channels + 4)
  bytes.fill(0, 0, lineAt)
  new Uint32Array(memory.buffer, 0, width).set(columns.squares)
  const first = columns.cells[0] as number
  new Uint32Array(memory.buffer, cellsAt, width).set(columns.cells.map((cell) => (cell - first) * 2))
  putWeights(new Int16Array(memory.buffer, weightsAt, width * 4), columns)
  const fillLine = grainLines(columns, rows, new Int16Array(memory.buffer, lineAt, lineCells))

  for (let y = 0; y < height; y++) {
    if (grain > 0) fillLine(y)
    const row = data.subarray(y * rowBytes, (y + 1) * rowBytes)
    bytes.set(row, pixelsAt)
    applyEffects(
      pixelsAt,
      pixelsAt + rowBytes,
      resultAt,
      channels,
      0,
      cellsAt,
      weightsAt,
      lineAt,
      rows.squares[y] as number,
      vignette,
      grain,
    )
    row.set(bytes.subarray(resultAt, resultAt + rowBytes))
  }
}

function putWeights(list: Int16Array, { steps }: Side): void {
  for (let x = 0; x < steps.length; x++) {
    const [first, second, third] = WEIGHTS[steps[x] as number] as readonly [number, number, number]
    list[4 * x] = first
    list[4 * x + 1] = second
    list[4 * x + 2] = third
  }
}
