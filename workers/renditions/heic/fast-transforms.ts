/** kernels/transforms.ts, compiled. */
export type Kernels = {
  useMemory(start: number): number
} & Record<TransformName, (to: number, coefficients: number, stride: number) => void>

/** What is needed of libheif, whose memory the kernels share. */
type Heap = { readonly HEAPU8: Uint8Array; _malloc(bytes: number): number }

/** By size, as libde265 has them in its table of functions, where a platform may put its own. */
const TRANSFORMS = ['transform4', 'transform8', 'transform16', 'transform32'] as const
type TransformName = (typeof TRANSFORMS)[number]

/** 64 √2 cos(kπ / 64) as the standard rounds it by hand (H.265, 8.6.4.2); the first is 64 as the rows' lengths are. */
const COSINES = [
  64, 90, 90, 90, 89, 88, 87, 85, 83, 82, 80, 78, 75, 73, 70, 67, 64, 61, 57, 54, 50, 46, 43, 38, 36, 31, 25,
  22, 18, 13, 9, 4, 0,
]
const ALIGNMENT = 16

/**
 * Has libde265 call the kernels instead of its own transforms, which are scalar in WebAssembly and take a quarter of
 * its time. `firstSlot` is where those lie in its table of functions.
 */
export function putTransforms(
  heap: Heap,
  table: WebAssembly.Table,
  firstSlot: number,
  kernels: Kernels,
): void {
  const weights = new Int16Array([8, 16, 32].flatMap(weightsOf))
  const room = heap._malloc(kernels.useMemory(0) + ALIGNMENT)
  const start = Math.ceil(room / ALIGNMENT) * ALIGNMENT
  heap.HEAPU8.set(new Uint8Array(weights.buffer), start)
  kernels.useMemory(start)
  for (const [i, name] of TRANSFORMS.entries()) table.set(firstSlot + i, kernels[name])
}

/** For each four inputs, of the pairs (0, 2) and (1, 3) the weights in each output of the first half. */
function weightsOf(size: number): number[] {
  const weights: number[] = []
  for (let input = 0; input < size; input += 4) {
    for (const first of [input, input + 1]) {
      for (let output = 0; output < size / 2; output++) {
        weights.push(weightOf(size, first, output), weightOf(size, first + 2, output))
      }
    }
  }
  return weights
}

/** cos((2 output + 1) input π / 2 size), brought into the first quarter of the circle. */
function weightOf(size: number, input: number, output: number): number {
  const angle = ((2 * output + 1) * input * (32 / size)) % 128
  const folded = Math.min(angle, 128 - angle)
  const cosine = folded > 32 ? -(COSINES[64 - folded] as number) : COSINES[folded]
  return cosine as number
}
