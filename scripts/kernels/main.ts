// npm run kernels: compiles the AssemblyScript of the HEIC decoder and of looks. The WebAssembly is kept beside it.
import { join } from 'node:path'
import { compileKernel, FOLDER, KERNELS } from './compile.ts'

for (const name of KERNELS) await compileKernel(name, join(FOLDER, `${name}.wasm`))
