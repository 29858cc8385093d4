/*
 * AssemblyScript, compiled to rows.wasm by `npm run kernels`: a row of brightness, and of each colour difference the
 * four rows nearest to it, which have half as many samples, become a row of RGB. Sixteen pixels at a time: what lies
 * up to fifteen pixels past the end of a row is read and written too.
 *
 * Between their samples, colour differences are interpolated by Catmull and Rom's cubic, a quarter of the way from
 * one sample to the next: bilinear interpolation would blur them.
 */

/** Fractions of a weight, and of an interpolated colour difference. */
const WEIGHT_BITS: i32 = 13
const MIX_BITS: i32 = 4
/** No colour, with its fraction. */
const GREY: i16 = 2048

/** The cubic's weights, in fractions of 15 bits: 111, 29, -9 and -3 of 128. */
const NEAREST: i16 = 28416
const SECOND: i16 = 7424
const THIRD: i16 = -2304
const FARTHEST: i16 = -768

let black: i16 = 0
let light: i16 = 0
let redFromCr: i16 = 0
let greenFromCb: i16 = 0
let greenFromCr: i16 = 0
let blueFromCb: i16 = 0

/** The sample that means black, and what the next rows' samples count for, in fractions of WEIGHT_BITS. */
export function useWeights(
  zero: i16,
  y: i16,
  crInRed: i16,
  cbInGreen: i16,
  crInGreen: i16,
  cbInBlue: i16,
): void {
  black = zero
  light = y
  redFromCr = crInRed
  greenFromCb = cbInGreen
  greenFromCr = crInGreen
  blueFromCb = cbInBlue
}

/** The four rows from the nearest to the farthest, interpolated; and two more samples at both ends. */
export function mixRows(
  nearest: usize,
  second: usize,
  third: usize,
  farthest: usize,
  count: usize,
  to: usize,
): void {
  for (let i: usize = 0; i < count; i += 8) {
    v128.store(
      to + (i << 1),
      mix(eight(nearest + i), eight(second + i), eight(third + i), eight(farthest + i)),
    )
  }
  const first = load<u16>(to) as u32
  store<u32>(to - 4, (first << 16) | first)
  const end = to + (count << 1)
  const last = load<u16>(end - 2) as u32
  store<u32>(end, (last << 16) | last)
}

function eight(at: usize): v128 {
  return i16x8.shl(i16x8.extend_low_i8x16_u(v128.load64_zero(at)), MIX_BITS)
}

function mix(nearest: v128, second: v128, third: v128, farthest: v128): v128 {
  const inner = i16x8.add(
    i16x8.q15mulr_sat_s(nearest, i16x8.splat(NEAREST)),
    i16x8.q15mulr_sat_s(second, i16x8.splat(SECOND)),
  )
  const outer = i16x8.add(
    i16x8.q15mulr_sat_s(third, i16x8.splat(THIRD)),
    i16x8.q15mulr_sat_s(farthest, i16x8.splat(FARTHEST)),
  )
  return i16x8.add(inner, outer)
}

/** `cb` and `cr` as mixRows leaves them. */
export function convertRow(y: usize, cb: usize, cr: usize, width: usize, to: usize): void {
  for (let x: usize = 0; x < width; x += 16) {
    const samples = v128.load(y + x)
    const left = fromBlack(i16x8.extend_low_i8x16_u(samples))
    const right = fromBlack(i16x8.extend_high_i8x16_u(samples))
    const cbEven = mixAcross(cb + x, -2)
    const cbOdd = mixAcross(cb + x, 2)
    const cbLeft = i16x8.shuffle(cbEven, cbOdd, 0, 8, 1, 9, 2, 10, 3, 11)
    const cbRight = i16x8.shuffle(cbEven, cbOdd, 4, 12, 5, 13, 6, 14, 7, 15)
    const crEven = mixAcross(cr + x, -2)
    const crOdd = mixAcross(cr + x, 2)
    const crLeft = i16x8.shuffle(crEven, crOdd, 0, 8, 1, 9, 2, 10, 3, 11)
    const crRight = i16x8.shuffle(crEven, crOdd, 4, 12, 5, 13, 6, 14, 7, 15)

    const red = i8x16.narrow_i16x8_u(weigh(left, crLeft, redFromCr), weigh(right, crRight, redFromCr))
    const blue = i8x16.narrow_i16x8_u(weigh(left, cbLeft, blueFromCb), weigh(right, cbRight, blueFromCb))
    const green = i8x16.narrow_i16x8_u(weighBoth(left, cbLeft, crLeft), weighBoth(right, cbRight, crRight))
    store16(to + 3 * x, red, green, blue)
  }
}

function fromBlack(samples: v128): v128 {
  return i16x8.shl(i16x8.sub(samples, i16x8.splat(black)), MIX_BITS)
}

/** Eight differences for the pixels on one side of their samples, less what grey has. */
function mixAcross(at: usize, side: isize): v128 {
  const mixed = mix(v128.load(at), v128.load(at + side), v128.load(at - side), v128.load(at + 2 * side))
  return i16x8.sub(mixed, i16x8.splat(GREY))
}

function weigh(y: v128, difference: v128, weight: i16): v128 {
  const weights = i16x8(light, weight, light, weight, light, weight, light, weight)
  const left = i32x4.dot_i16x8_s(i16x8.shuffle(y, difference, 0, 8, 1, 9, 2, 10, 3, 11), weights)
  const right = i32x4.dot_i16x8_s(i16x8.shuffle(y, difference, 4, 12, 5, 13, 6, 14, 7, 15), weights)
  return rounded(left, right)
}

function weighBoth(y: v128, cb: v128, cr: v128): v128 {
  const none = i16x8.splat(0)
  const ofCb = i16x8(light, greenFromCb, light, greenFromCb, light, greenFromCb, light, greenFromCb)
  const ofCr = i16x8(greenFromCr, 0, greenFromCr, 0, greenFromCr, 0, greenFromCr, 0)
  const left = i32x4.add(
    i32x4.dot_i16x8_s(i16x8.shuffle(y, cb, 0, 8, 1, 9, 2, 10, 3, 11), ofCb),
    i32x4.dot_i16x8_s(i16x8.shuffle(cr, none, 0, 8, 1, 9, 2, 10, 3, 11), ofCr),
  )
  const right = i32x4.add(
    i32x4.dot_i16x8_s(i16x8.shuffle(y, cb, 4, 12, 5, 13, 6, 14, 7, 15), ofCb),
    i32x4.dot_i16x8_s(i16x8.shuffle(cr, none, 4, 12, 5, 13, 6, 14, 7, 15), ofCr),
  )
  return rounded(left, right)
}

function rounded(left: v128, right: v128): v128 {
  const bits = WEIGHT_BITS + MIX_BITS
  const half = i32x4.splat(1 << (bits - 1))
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(left, half), bits),
    i32x4.shr_s(i32x4.add(right, half), bits),
  )
}

function store16(to: usize, red: v128, green: v128, blue: v128): void {
  const a = i8x16.shuffle(red, green, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5)
  const b = i8x16.shuffle(red, green, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26)
  const c = i8x16.shuffle(red, green, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0)
  v128.store(to, i8x16.shuffle(a, blue, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15))
  v128.store(to, i8x16.shuffle(b, blue, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16)
  v128.store(to, i8x16.shuffle(c, blue, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32)
}
