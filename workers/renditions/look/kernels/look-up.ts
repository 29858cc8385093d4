/*
 * AssemblyScript, compiled to look-up.wasm by `npm run kernels`: pixels looked up in a colour table, as plain-table.ts does
 * it and to the bit the same, the three channels of a point at once. Nothing is decided by a branch: on a photo's noise
 * they are guessed wrong.
 *
 * Memory begins with four lists of 256 numbers (i32), for each 8-bit value: how far it is on its way from the lattice
 * point below it to the next, in 255ths; and where that point lies along red, green and blue, in bytes. Of a table each
 * point has 8 bytes: red, green and blue (i16) with 15 fraction bits, and nothing.
 */

const REST: usize = 0
const RED_AT: usize = 1024
const GREEN_AT: usize = 2048
const BLUE_AT: usize = 3072
const FRACTION_BITS: i32 = 15

/**
 * From one place to another: in place, each pixel would wait for the one before, whose four bytes reach into it. A byte
 * behind the last pixel of three channels is read and written, too. Steps are from a point to its neighbour, in bytes.
 */
export function lookUp(
  pixels: usize,
  end: usize,
  to: usize,
  channels: usize,
  table: usize,
  redStep: i32,
  greenStep: i32,
  blueStep: i32,
): void {
  const half = i32x4.splat(1 << (FRACTION_BITS - 1))
  const farStep = redStep + greenStep + blueStep
  for (let at = pixels; at < end; at += channels) {
    const red = (load<u8>(at) as usize) << 2
    const green = (load<u8>(at, 1) as usize) << 2
    const blue = (load<u8>(at, 2) as usize) << 2
    const r = load<i32>(REST + red)
    const g = load<i32>(REST + green)
    const b = load<i32>(REST + blue)
    const near = load<i32>(RED_AT + red) + load<i32>(GREEN_AT + green) + load<i32>(BLUE_AT + blue)

    // From the near corner to the far one, first along the axis with the most of the way behind it, last along that with
    // the least. Of two that are alike either does: what differs then has no weight.
    const high = max(max(r, g), b)
    const low = min(min(r, g), b)
    const middle = r + g + b - high - low
    const first = select<i32>(redStep, select<i32>(greenStep, blueStep, g === high), r === high)
    const last = select<i32>(blueStep, select<i32>(greenStep, redStep, g === low), b === low)
    const nearest = table + near
    const sum = i32x4.add(
      weigh(nearest, 255 - high, nearest + first, high - middle),
      weigh(nearest + farStep - last, middle - low, nearest + farStep, low),
    )
    const levels = i32x4.shr_s(i32x4.add(sum, half), FRACTION_BITS)
    const bytes = i8x16.shuffle(levels, levels, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12)
    const fourth = load<u8>(at, 3) as u32
    store<u32>(to, ((i32x4.extract_lane(bytes, 0) as u32) & 0xffffff) | (fourth << 24))
    to += channels
  }
}

function weigh(one: usize, weight: i32, other: usize, otherWeight: i32): v128 {
  const values = i16x8.shuffle(v128.load64_zero(one), v128.load64_zero(other), 0, 8, 1, 9, 2, 10, 3, 11)
  return i32x4.dot_i16x8_s(values, i32x4.splat(weight | (otherWeight << 16)))
}
