import { parentPort, workerData } from 'node:worker_threads'
import { InvalidCubeError } from '../errors.ts'
import { type Cube, parseCube } from '../photo/look/cube.ts'

/** What came of it: a cube, or why it is none. */
export type CubeReading = { cube: Cube; reason?: never } | { cube: null; reason: string }

function read(text: string): CubeReading {
  try {
    return { cube: parseCube(text) }
  } catch (error) {
    if (error instanceof InvalidCubeError) return { cube: null, reason: error.message }
    throw error
  }
}

parentPort?.postMessage(read(workerData as string))
