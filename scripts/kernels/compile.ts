import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const FOLDER = fileURLToPath(new URL('../../workers/renditions/', import.meta.url))
export const KERNELS = [
  'heic/kernels/rows',
  'heic/kernels/transforms',
  'look/kernels/effects',
  'look/kernels/look-up',
] as const
export type KernelName = (typeof KERNELS)[number]

const ASC = fileURLToPath(import.meta.resolve('assemblyscript/bin/asc.js'))
/** Neither a collector nor checks: kernels allocate nothing, and WebAssembly itself keeps them in their memory. */
const OPTIONS = ['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--importMemory', '--enable', 'simd']

/** Compiles the AssemblyScript file of that name into a file. The same compiler gives the same bytes. */
export async function compileKernel(name: KernelName, to: string): Promise<void> {
  await promisify(execFile)(process.execPath, [ASC, `${name}.ts`, ...OPTIONS, '--outFile', to], {
    cwd: FOLDER,
  })
}
