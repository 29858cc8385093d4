/*
 * AssemblyScript, compiled to kernels.wasm by `npm run kernels`: the inverse transforms of HEVC (ITU-T H.265,
 * 8.6.4.2) for 8-bit samples, on vectors. Each adds the residual of one block to the predicted samples at `to`, bit
 * for bit as the standard has it, with the signature of the function in libde265 whose place it takes.
 *
 * The matrix is symmetric in even inputs and antisymmetric in odd ones. So both are summed for the first half of the
 * outputs only; their sum is one output and their difference the one opposite. One instruction multiplies 8 inputs
 * and adds the products in pairs: of four inputs in a row the pairs are (0, 2) and (1, 3).
 */

/** What the first stage rounds with and shifts by, and the second. */
const FIRST_SHIFT = 7
const SECOND_SHIFT = 12

// Where the weights of each size lie, as `weightsOf` in fast-transforms.ts makes them, and room to work in.
let weights8: usize = 0
let weights16: usize = 0
let weights32: usize = 0
let pairs: usize = 0
let middle: usize = 0

/** Gives over memory aligned to 16 bytes that begins with all weights. Call it first. Returns the bytes needed. */
export function useMemory(start: usize): usize {
  weights8 = start
  weights16 = weights8 + 64
  weights32 = weights16 + 256
  pairs = weights32 + 1024
  middle = pairs + 512
  return middle + 2048 - start
}

export function transform8(to: usize, coefficients: usize, stride: usize): void {
  transform(8, weights8, to, coefficients, stride)
}

export function transform16(to: usize, coefficients: usize, stride: usize): void {
  transform(16, weights16, to, coefficients, stride)
}

export function transform32(to: usize, coefficients: usize, stride: usize): void {
  transform(32, weights32, to, coefficients, stride)
}

function transform(n: usize, weights: usize, to: usize, coefficients: usize, stride: usize): void {
  const row = n << 1
  // Most of a block is zeros: only what lies above and left of the last that is none is looked at.
  let height: usize = 0
  let width: usize = 0
  for (let y: usize = 0; y < n; y += 4) {
    for (let x: usize = 0; x < n; x += 8) {
      const at = coefficients + y * row + (x << 1)
      const upper = v128.or(v128.load(at), v128.load(at + row))
      const lower = v128.or(v128.load(at + 2 * row), v128.load(at + 3 * row))
      if (!v128.any_true(v128.or(upper, lower))) continue
      height = y + 4
      if (x + 8 > width) width = x + 8
    }
  }

  for (let x: usize = 0; x < width; x += 8) {
    transformColumns(n, weights, coefficients + (x << 1), height, middle + (x << 1))
  }
  if (width > 0)
    for (let y: usize = 0; y < n; y++) transformRow(n, weights, middle + y * row, width, to + y * stride)
}

/** Eight columns, of which `height` coefficients count. Leaves the order in each four as 0, 2, 1, 3. */
function transformColumns(n: usize, weights: usize, from: usize, height: usize, to: usize): void {
  const row = n << 1
  const half = n << 1
  let end = pairs
  for (let y: usize = 0; y < height; y += 4) {
    const a = v128.load(from)
    const b = v128.load(from + row)
    const c = v128.load(from + 2 * row)
    const d = v128.load(from + 3 * row)
    v128.store(end, i16x8.shuffle(a, c, 0, 8, 1, 9, 2, 10, 3, 11))
    v128.store(end, i16x8.shuffle(a, c, 4, 12, 5, 13, 6, 14, 7, 15), 16)
    v128.store(end, i16x8.shuffle(b, d, 0, 8, 1, 9, 2, 10, 3, 11), 32)
    v128.store(end, i16x8.shuffle(b, d, 4, 12, 5, 13, 6, 14, 7, 15), 48)
    from += 4 * row
    end += 64
  }

  let opposite = to + (n - 1) * row
  for (let f: usize = 0; f < half; f += 4) {
    let evenLeft = i32x4.splat(1 << (FIRST_SHIFT - 1))
    let evenRight = evenLeft
    let oddLeft = i32x4.splat(0)
    let oddRight = oddLeft
    let weight = weights + f
    for (let at = pairs; at < end; at += 64) {
      const even = v128.load32_splat(weight)
      const odd = v128.load32_splat(weight + half)
      evenLeft = i32x4.add(evenLeft, i32x4.dot_i16x8_s(v128.load(at), even))
      evenRight = i32x4.add(evenRight, i32x4.dot_i16x8_s(v128.load(at, 16), even))
      oddLeft = i32x4.add(oddLeft, i32x4.dot_i16x8_s(v128.load(at, 32), odd))
      oddRight = i32x4.add(oddRight, i32x4.dot_i16x8_s(v128.load(at, 48), odd))
      weight += 2 * half
    }
    storeColumns(to, i32x4.add(evenLeft, oddLeft), i32x4.add(evenRight, oddRight))
    storeColumns(opposite, i32x4.sub(evenLeft, oddLeft), i32x4.sub(evenRight, oddRight))
    to += row
    opposite -= row
  }
}

function storeColumns(to: usize, left: v128, right: v128): void {
  const sums = i16x8.narrow_i32x4_s(i32x4.shr_s(left, FIRST_SHIFT), i32x4.shr_s(right, FIRST_SHIFT))
  v128.store(to, i16x8.shuffle(sums, sums, 0, 2, 1, 3, 4, 6, 5, 7))
}

/** One row, of which `width` values count, four outputs at a time. */
function transformRow(n: usize, weights: usize, from: usize, width: usize, to: usize): void {
  const half = n << 1
  const end = from + (width << 1)
  let opposite = to + n - 4
  for (let f: usize = 0; f < half; f += 16) {
    let even = i32x4.splat(1 << (SECOND_SHIFT - 1))
    let odd = i32x4.splat(0)
    let weight = weights + f
    for (let at = from; at < end; at += 8) {
      even = i32x4.add(even, i32x4.dot_i16x8_s(v128.load32_splat(at), v128.load(weight)))
      odd = i32x4.add(odd, i32x4.dot_i16x8_s(v128.load32_splat(at, 4), v128.load(weight + half)))
      weight += 2 * half
    }
    const backwards = i32x4.sub(even, odd)
    addTo(to, i32x4.add(even, odd))
    addTo(opposite, i32x4.shuffle(backwards, backwards, 3, 2, 1, 0))
    to += 4
    opposite -= 4
  }
}

/** Four samples and their residual, of which the shift is left to do. */
function addTo(at: usize, sums: v128): void {
  const residual = i32x4.shr_s(sums, SECOND_SHIFT)
  const samples = i16x8.extend_low_i8x16_u(v128.load32_zero(at))
  const added = i16x8.add_sat_s(samples, i16x8.narrow_i32x4_s(residual, residual))
  v128.store_lane<u32>(at, i8x16.narrow_i16x8_u(added, added), 0)
}

/** Too small for halves to win: the inputs are paired as (0, 1) and (2, 3). */
export function transform4(to: usize, coefficients: usize, stride: usize): void {
  const upper = v128.load(coefficients)
  const lower = v128.load(coefficients, 16)
  const first = i16x8.shuffle(upper, upper, 0, 4, 1, 5, 2, 6, 3, 7)
  const second = i16x8.shuffle(lower, lower, 0, 4, 1, 5, 2, 6, 3, 7)
  const rows01 = i16x8.narrow_i32x4_s(
    column4(first, second, 64, 83, 64, 36),
    column4(first, second, 64, 36, -64, -83),
  )
  const rows23 = i16x8.narrow_i32x4_s(
    column4(first, second, 64, -36, -64, 83),
    column4(first, second, 64, -83, 64, -36),
  )
  row4(to, i32x4.shuffle(rows01, rows01, 0, 0, 0, 0), i32x4.shuffle(rows01, rows01, 1, 1, 1, 1))
  row4(to + stride, i32x4.shuffle(rows01, rows01, 2, 2, 2, 2), i32x4.shuffle(rows01, rows01, 3, 3, 3, 3))
  row4(to + 2 * stride, i32x4.shuffle(rows23, rows23, 0, 0, 0, 0), i32x4.shuffle(rows23, rows23, 1, 1, 1, 1))
  row4(to + 3 * stride, i32x4.shuffle(rows23, rows23, 2, 2, 2, 2), i32x4.shuffle(rows23, rows23, 3, 3, 3, 3))
}

function column4(first: v128, second: v128, a: i16, b: i16, c: i16, d: i16): v128 {
  const sums = i32x4.add(
    i32x4.dot_i16x8_s(first, i16x8(a, b, a, b, a, b, a, b)),
    i32x4.dot_i16x8_s(second, i16x8(c, d, c, d, c, d, c, d)),
  )
  return i32x4.shr_s(i32x4.add(sums, i32x4.splat(1 << (FIRST_SHIFT - 1))), FIRST_SHIFT)
}

function row4(to: usize, first: v128, second: v128): void {
  const sums = i32x4.add(
    i32x4.dot_i16x8_s(first, i16x8(64, 83, 64, 36, 64, -36, 64, -83)),
    i32x4.dot_i16x8_s(second, i16x8(64, 36, -64, -83, -64, 83, 64, -36)),
  )
  addTo(to, i32x4.add(sums, i32x4.splat(1 << (SECOND_SHIFT - 1))))
}
