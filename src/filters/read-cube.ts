import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { InvalidCubeError } from '../errors.ts'
import type { Cube } from '../photo/look/cube.ts'
import type { CubeReading } from './cube-thread.ts'

/** Reads a `.cube` in a thread, as a large one takes half a second. Throws InvalidCubeError. */
export async function readCube(text: string): Promise<Cube> {
  const thread = new Worker(new URL('./cube-thread.ts', import.meta.url), { workerData: text })
  // Rejects when the thread fails.
  const [{ cube, reason }] = (await once(thread, 'message')) as [CubeReading]
  if (cube === null) throw new InvalidCubeError(reason)
  return cube
}
