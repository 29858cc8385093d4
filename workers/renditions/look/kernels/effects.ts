/*
 * AssemblyScript, compiled to effects.wasm by `npm run kernels`: a picture's vignette and grain, as plain-effects.ts does them and
 * to the bit the same, four pixels at once.
 *
 * Of the columns of pixels there are three lists: their squares (u32); where the first cell of each lies in a line of grain, in
 * bytes (u32); and what its three cells weigh (i16), and nothing. A line of grain has a number (i16) for each cell.
 */

const FRACTION_BITS: i32 = 15
const ONE: i32 = 1 << FRACTION_BITS

/**
 * One row of pixels, from one place to another. What lies behind it is read as pixels and written, too: up to three of them and
 * four bytes. So are up to three numbers more in each list, and one in the line. `down` is the row's square.
 */
export function applyEffects(
  pixels: usize,
  end: usize,
  to: usize,
  channels: usize,
  squares: usize,
  cells: usize,
  weights: usize,
  line: usize,
  down: i32,
  vignette: i32,
  grain: i32,
): void {
  const ones = i32x4.splat(ONE)
  const half = i32x4.splat(ONE >> 1)
  const white = i32x4.splat(255)
  const luma = i16x8(54, 183, 19, 0, 54, 183, 19, 0)
  const alpha = i32x4.splat(0xff000000)
  for (let at = pixels; at < end; at += channels << 2) {
    let colors = v128.load(at)
    if (channels === 3)
      colors = i8x16.shuffle(colors, colors, 0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11)
    const pair = i16x8.extend_low_i8x16_u(colors)
    const otherPair = i16x8.extend_high_i8x16_u(colors)

    const square = i32x4.shr_u(i32x4.add(v128.load(squares), i32x4.splat(down)), 16)
    const fourth = i32x4.shr_s(i32x4.mul(square, square), FRACTION_BITS)
    const gain = i32x4.sub(ones, i32x4.shr_s(i32x4.mul(fourth, i32x4.splat(vignette)), FRACTION_BITS))

    const random = i32x4.shr_s(
      sumsOf(
        i32x4.dot_i16x8_s(cellsOf(line, cells), v128.load(weights)),
        i32x4.dot_i16x8_s(cellsOf(line, cells + 8), v128.load(weights, 16)),
      ),
      9,
    )
    const greys = i32x4.shr_s(sumsOf(i32x4.dot_i16x8_s(pair, luma), i32x4.dot_i16x8_s(otherPair, luma)), 8)
    const light = i32x4.shr_s(i32x4.mul(greys, gain), FRACTION_BITS)
    const most = i32x4.mul(light, i32x4.sub(white, light))
    const grained = i32x4.mul(i32x4.shr_s(i32x4.mul(random, most), 14), i32x4.splat(grain))
    const added = i32x4.add(i32x4.shr_s(grained, 7), half)

    const levels = i8x16.narrow_i16x8_u(
      i16x8.narrow_i32x4_s(
        levelsOf(
          i32x4.extend_low_i16x8_u(pair),
          i32x4.shuffle(gain, gain, 0, 0, 0, 0),
          i32x4.shuffle(added, added, 0, 0, 0, 0),
        ),
        levelsOf(
          i32x4.extend_high_i16x8_u(pair),
          i32x4.shuffle(gain, gain, 1, 1, 1, 1),
          i32x4.shuffle(added, added, 1, 1, 1, 1),
        ),
      ),
      i16x8.narrow_i32x4_s(
        levelsOf(
          i32x4.extend_low_i16x8_u(otherPair),
          i32x4.shuffle(gain, gain, 2, 2, 2, 2),
          i32x4.shuffle(added, added, 2, 2, 2, 2),
        ),
        levelsOf(
          i32x4.extend_high_i16x8_u(otherPair),
          i32x4.shuffle(gain, gain, 3, 3, 3, 3),
          i32x4.shuffle(added, added, 3, 3, 3, 3),
        ),
      ),
    )
    if (channels === 3)
      v128.store(to, i8x16.shuffle(levels, levels, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15))
    else v128.store(to, v128.bitselect(colors, levels, alpha))
    to += channels << 2
    squares += 16
    cells += 16
    weights += 32
  }
}

/** The cells of two columns, three and one of no weight each. */
function cellsOf(line: usize, cells: usize): v128 {
  return v128.load64_lane(line + load<u32>(cells, 4), v128.load64_zero(line + load<u32>(cells)), 1)
}

/** Of four pairs, two in each, the sums. */
function sumsOf(pairs: v128, others: v128): v128 {
  return i32x4.add(i32x4.shuffle(pairs, others, 0, 2, 4, 6), i32x4.shuffle(pairs, others, 1, 3, 5, 7))
}

function levelsOf(channels: v128, gain: v128, added: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.mul(channels, gain), added), FRACTION_BITS)
}
