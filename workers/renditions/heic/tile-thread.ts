import { parentPort } from 'node:worker_threads'
import { releaseMemory } from '../../../src/process/release-memory.ts'
import { HeicFile, type Tile, type Tiling } from './heic-file.ts'
import { type LibheifModules, startLibheif } from './libheif.ts'

/** What a thread is asked: every `threads`th tile of a photo, from its own on. */
export type TileWork = {
  modules: LibheifModules
  bytes: Uint8Array
  maxPixels: number
  item: number | null
  thread: number
  threads: number
}

/** Its answers: the tiles as they come, and null behind the last. What fails ends the thread. */
export type DecodedTile = { tiling: Tiling; column: number; row: number; tile: Tile }

parentPort?.on('message', (work: TileWork) => {
  decodeTiles(work)
  parentPort?.postMessage(null)
  // The instance is garbage now, which a thread that waits for the next photo would keep: of 12 MP 40 MB.
  void releaseMemory()
})

function decodeTiles({ modules, bytes, maxPixels, item, thread, threads }: TileWork): void {
  // A new instance for each photo: what a broken one did to its memory is gone with it.
  const file = new HeicFile(startLibheif(modules), bytes, maxPixels, item)
  const { tiling } = file
  for (let i = thread; i < tiling.columns * tiling.rows; i += threads) {
    const [column, row] = [i % tiling.columns, Math.floor(i / tiling.columns)]
    const tile = file.decodeTile(column, row)
    const buffers = [tile.y, tile.cb, tile.cr, tile.alpha].flatMap((plane) => plane?.data.buffer ?? [])
    const decoded: DecodedTile = { tiling, column, row, tile }
    parentPort?.postMessage(decoded, buffers as ArrayBuffer[])
  }
}
