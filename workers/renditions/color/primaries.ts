/** Chromaticities x and y (CIE 1931). */
export type Primaries = { red: Point; green: Point; blue: Point; white: Point }
type Point = readonly [x: number, y: number]

/** Row by row. */
export type Matrix = readonly [Vector, Vector, Vector]
export type Vector = readonly [number, number, number]

const D65: Point = [0.3127, 0.329]
const C: Point = [0.31, 0.316]

/** Those of sRGB. */
export const BT709: Primaries = { red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06], white: D65 }
const SMPTE170: Primaries = { red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07], white: D65 }

/** By number (ITU-T H.273, table 2). */
export const PRIMARIES: Record<number, Primaries> = {
  1: BT709,
  4: { red: [0.67, 0.33], green: [0.21, 0.71], blue: [0.14, 0.08], white: C },
  5: { red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06], white: D65 },
  6: SMPTE170,
  7: SMPTE170,
  8: { red: [0.681, 0.319], green: [0.243, 0.692], blue: [0.145, 0.049], white: C },
  9: { red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046], white: D65 },
  10: { red: [1, 0], green: [0, 1], blue: [0, 0], white: [1 / 3, 1 / 3] },
  11: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: [0.314, 0.351] },
  12: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: D65 },
  22: { red: [0.63, 0.34], green: [0.295, 0.605], blue: [0.155, 0.077], white: D65 },
}

/** Bradford's matrix: XYZ to what the eye adapts to a white by. */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
]

/** From light of these primaries to light of sRGB's; white stays white. */
export function toSrgbPrimaries(primaries: Primaries): Matrix {
  const [from, to] = [xyzOf(primaries.white), xyzOf(BT709.white)]
  const [source, target] = [apply(BRADFORD, from), apply(BRADFORD, to)]
  const adapted = BRADFORD.map((row, i) => scale(row, (target[i] as number) / (source[i] as number)))
  const adapt = multiply(inverse(BRADFORD), adapted as unknown as Matrix)
  return multiply(inverse(toXyz(BT709)), multiply(adapt, toXyz(primaries)))
}

/** How much of the brightness of white each of red, green and blue has. */
export function luminanceWeights(primaries: Primaries): Vector {
  return toXyz(primaries)[1]
}

/** Whether these span a plane at all: a file may say anything. */
export function areUsable({ red, green, blue, white }: Primaries): boolean {
  const area = (green[0] - red[0]) * (blue[1] - red[1]) - (blue[0] - red[0]) * (green[1] - red[1])
  return Math.abs(area) > 1e-3 && white[0] > 0 && white[1] > 0
}

function toXyz({ red, green, blue, white }: Primaries): Matrix {
  const columns = transpose([xyz(red), xyz(green), xyz(blue)])
  const amounts = apply(inverse(columns), xyzOf(white))
  return columns.map((row) => row.map((value, i) => value * (amounts[i] as number))) as unknown as Matrix
}

function xyz([x, y]: Point): Vector {
  return [x, y, 1 - x - y]
}

/** Of brightness 1. */
function xyzOf(point: Point): Vector {
  return scale(xyz(point), 1 / point[1])
}

function scale([a, b, c]: Vector, by: number): Vector {
  return [a * by, b * by, c * by]
}

function apply(matrix: Matrix, [a, b, c]: Vector): Vector {
  return matrix.map((row) => row[0] * a + row[1] * b + row[2] * c) as unknown as Vector
}

function multiply(left: Matrix, right: Matrix): Matrix {
  return transpose(transpose(right).map((column) => apply(left, column)) as unknown as Matrix)
}

function transpose([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ]
}

function inverse([a, b, c]: Matrix): Matrix {
  const [x, y, z] = [cross(b, c), cross(c, a), cross(a, b)]
  const determinant = a[0] * x[0] + a[1] * x[1] + a[2] * x[2]
  return transpose([scale(x, 1 / determinant), scale(y, 1 / determinant), scale(z, 1 / determinant)])
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
