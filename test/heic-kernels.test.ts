import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileKernel, FOLDER, KERNELS } from '../scripts/kernels/compile.ts'
import { halvedToRgb, isHalved } from '../workers/renditions/heic/fast-rgb.ts'
import { type Kernels, putTransforms } from '../workers/renditions/heic/fast-transforms.ts'
import { HeicFile } from '../workers/renditions/heic/heic-file.ts'
import { compileLibheif, startLibheif } from '../workers/renditions/heic/libheif.ts'
import type { Plane, Planes } from '../workers/renditions/heic/planes.ts'
import { fixture } from './support/pictures.ts'

const MAX_PIXELS = 1e8

test.each(KERNELS)('%s.wasm is what its AssemblyScript compiles to', async (name) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-kernels-'))
  const compiled = join(folder.path, 'kernel.wasm')

  await compileKernel(name, compiled)

  expect((await readFile(compiled)).equals(await readFile(join(FOLDER, `${name}.wasm`)))).toBe(true)
})

describe('transforms on vectors', () => {
  test('belong to the libheif that is installed', () => {
    expect(compileLibheif().kernels).not.toBeNull()
  })

  test.each(['phone-6.heic', 'photo.heic', 'alpha.heic', '10-bit.heic'])(
    'decode %s to the very samples that libde265 decodes it to alone',
    async (name) => {
      const original = new Uint8Array(await fixture(name))
      const modules = compileLibheif()

      const fast = new HeicFile(startLibheif(modules), original, MAX_PIXELS)
      const plain = new HeicFile(startLibheif({ ...modules, kernels: null }), original, MAX_PIXELS)

      const { columns, rows } = plain.tiling
      for (let i = 0; i < columns * rows; i++) {
        const [column, row] = [i % columns, Math.floor(i / columns)]
        expect(fast.decodeTile(column, row)).toEqual(plain.decodeTile(column, row))
      }
    },
  )

  test.each([4, 8, 16, 32])('of %i × %i samples add what the standard says, to the bit', async (size) => {
    const { memory, transforms } = await openTransforms()
    const samples = new Uint8Array(memory.buffer)
    const [block, picture, stride] = [8192, 16_384, 80]
    const coefficients = new Int16Array(memory.buffer, block, size * size)
    const place = fc.record({ x: fc.nat(size - 1), y: fc.nat(size - 1) })
    const level = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -32_768, max: 32_767 }))
    const levels = fc.array(fc.tuple(place, level), { maxLength: size * 4 })

    fc.assert(
      fc.property(levels, fc.nat(255), (levels, predicted) => {
        coefficients.fill(0)
        for (const [{ x, y }, level] of levels) coefficients[y * size + x] = level
        samples.fill(predicted, picture, picture + 32 * stride)

        transforms.get(size)?.(picture, block, stride)

        const residual = inverseTransform([...coefficients], size)
        const wanted = Array.from({ length: size * stride }, (_, i) => {
          const [x, y] = [i % stride, Math.floor(i / stride)]
          const added = x < size ? (residual[y * size + x] as number) : 0
          return Math.max(0, Math.min(predicted + added, 255))
        })
        expect(Array.from(samples.subarray(picture, picture + size * stride))).toEqual(wanted)
      }),
    )
  })
})

describe('RGB on vectors', () => {
  const coding = fc.record({
    bits: fc.constant(8),
    primaries: fc.constant(1),
    transfer: fc.constant(13),
    matrix: fc.constantFrom(1, 5, 6, 7, 9),
    isFullRange: fc.boolean(),
  })
  const size = fc.record({ width: fc.integer({ min: 1, max: 70 }), height: fc.integer({ min: 1, max: 9 }) })

  test('is what the formulas of the standard give, with colours by a cubic between their samples', () => {
    fc.assert(
      fc.property(size, coding, fc.infiniteStream(fc.nat(255)), ({ width, height }, coding, bytes) => {
        const plane = (width: number, height: number): Plane & { data: Uint8Array } => ({
          width,
          height,
          data: Uint8Array.from({ length: width * height }, () => bytes.next().value as number),
        })
        const half = () => plane(Math.ceil(width / 2), Math.ceil(height / 2))
        const planes: Planes = {
          width,
          height,
          ...coding,
          y: plane(width, height),
          cb: half(),
          cr: half(),
          alpha: null,
        }
        if (!isHalved(planes)) throw new Error('These are.')

        const rgb = halvedToRgb(planes)

        const wanted = Array.from({ length: width * height }, (_, i) =>
          rgbAt(planes, i % width, Math.floor(i / width)),
        ).flat()
        const furthest = Math.max(...wanted.map((value, i) => Math.abs(value - (rgb?.data[i] as number))))
        expect(rgb?.data.length).toBe(wanted.length)
        expect(furthest).toBeLessThan(1.2)
      }),
    )
  })

  test('is not for other kinds of picture', () => {
    const plane = { width: 2, height: 2, data: new Uint8Array(4) }
    const half = { width: 1, height: 1, data: new Uint8Array(1) }
    const common = { width: 2, height: 2, bits: 8, primaries: 1, transfer: 13, matrix: 6, isFullRange: true }
    const halved: Planes = { ...common, y: plane, cb: half, cr: half, alpha: null }

    expect(isHalved(halved)).toBe(true)
    expect(isHalved({ ...halved, bits: 10 })).toBe(false)
    expect(isHalved({ ...halved, matrix: 0 })).toBe(false)
    expect(isHalved({ ...halved, alpha: plane })).toBe(false)
    expect(isHalved({ ...halved, cb: null, cr: null })).toBe(false)
    expect(isHalved({ ...halved, cb: plane, cr: plane })).toBe(false)
  })
})

type Transform = (to: number, coefficients: number, stride: number) => void

/** The kernels alone, in a memory that nothing else uses. */
async function openTransforms() {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const code = new WebAssembly.Module(await readFile(join(FOLDER, 'heic/kernels/transforms.wasm')))
  const { exports } = new WebAssembly.Instance(code, { env: { memory } })
  const HEAPU8 = new Uint8Array(memory.buffer)
  const transforms = new Map<number, Transform>()
  const table = { set: (slot: number, kernel: unknown) => transforms.set(4 << slot, kernel as Transform) }
  putTransforms({ HEAPU8, _malloc: () => 24 }, table as WebAssembly.Table, 0, exports as Kernels)
  return { memory, transforms }
}

/** H.265, 8.6.4.2, word for word: columns first, rounded and clipped to 16 bits, then rows. */
function inverseTransform(coefficients: readonly number[], size: number): number[] {
  const all = Array.from({ length: size }, (_, i) => i)
  const weights = all.map((input) => all.map((output) => weightOf(size, input, output)))
  const sum = (of: (k: number) => number) => all.reduce((total, k) => total + of(k), 0)
  const columns = coefficients.map((_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)]
    const value = sum((k) => (weights[k]?.[y] as number) * (coefficients[k * size + x] as number))
    return Math.max(-32_768, Math.min((value + 64) >> 7, 32_767))
  })
  return columns.map((_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)]
    return (sum((k) => (weights[k]?.[x] as number) * (columns[y * size + k] as number)) + 2048) >> 12
  })
}

/** The standard's matrix of 32 × 32, from 64 √2 cos(kπ / 64) as it rounds that for k = 0 to 31; smaller ones are part of it. */
const ROUNDED = [
  64, 90, 90, 90, 89, 88, 87, 85, 83, 82, 80, 78, 75, 73, 70, 67, 64, 61, 57, 54, 50, 46, 43, 38, 36, 31, 25,
  22, 18, 13, 9, 4,
]

function weightOf(size: number, input: number, output: number): number {
  const cosine = Math.cos(((2 * output + 1) * input * Math.PI) / (2 * size))
  return Math.sign(cosine) * (ROUNDED[Math.round((Math.acos(Math.abs(cosine)) * 64) / Math.PI)] as number)
}

/** H.273, 8.3, for the pixel there, in fractions of 255. */
function rgbAt({ y, cb, cr, matrix, isFullRange }: Planes, column: number, row: number): number[] {
  const [kr, kb] = { 1: [0.2126, 0.0722], 7: [0.212, 0.087], 9: [0.2627, 0.0593] }[matrix] ?? [0.299, 0.114]
  const [kr_, kb_] = [kr as number, kb as number]
  const [black, range, chroma] = isFullRange ? [0, 255, 255] : [16, 219, 224]
  const light = ((y.data[row * y.width + column] as number) - black) / range
  const [u, v] = [cb, cr].map((plane) => (between(plane as Plane, column, row) - 128) / chroma) as [
    number,
    number,
  ]
  const [red, blue] = [light + 2 * (1 - kr_) * v, light + 2 * (1 - kb_) * u]
  const green = (light - kr_ * red - kb_ * blue) / (1 - kr_ - kb_)
  return [red, green, blue].map((value) => Math.max(0, Math.min(value * 255, 255)))
}

/** Catmull and Rom's cubic a quarter of the way from the nearest sample to the second, in both directions. */
function between({ data, width, height }: Plane, column: number, row: number): number {
  const weights = [111, 29, -9, -3].map((weight) => weight / 128)
  const places = (at: number) => [0, 1, -1, 2].map((step) => (at >> 1) + (at % 2 === 0 ? -step : step))
  const clamp = (at: number, length: number) => Math.max(0, Math.min(at, length - 1))
  let sum = 0
  for (const [i, y] of places(row).entries()) {
    for (const [j, x] of places(column).entries()) {
      const sample = data[clamp(y, height) * width + clamp(x, width)] as number
      sum += (weights[i] as number) * (weights[j] as number) * sample
    }
  }
  return sum
}
