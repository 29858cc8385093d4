import { readFileSync } from 'node:fs'

const PAGE = 65_536

/** What kernels/NAME.ts exports, compiled, in a memory of its own; null where there are no vector instructions. */
export function startKernel<Exports extends object>(
  name: string,
): (Exports & { memory: WebAssembly.Memory }) | null {
  const code = readFileSync(new URL(`./kernels/${name}.wasm`, import.meta.url))
  if (!WebAssembly.validate(code)) return null
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
  return { ...(exports as Exports), memory }
}

/** The bytes of a memory that then has as many, or more. */
export function roomIn(memory: WebAssembly.Memory, size: number): Uint8Array {
  const missing = size - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
  return new Uint8Array(memory.buffer)
}
