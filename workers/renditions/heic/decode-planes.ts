import { on } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { cleanApertureOf, cropPlanes } from './clean-aperture.ts'
import type { Tile, Tiling } from './heic-file.ts'
import { compileLibheif } from './libheif.ts'
import type { Plane, Planes } from './planes.ts'
import type { DecodedTile, TileWork } from './tile-thread.ts'

/** A phone's photo is some 50 tiles. More threads than that would fetch little and slow the other jobs. */
const THREADS = Math.min(availableParallelism(), 4)

/** What Node gives as the id of a thread that has ended. */
const ENDED = -1

/** Threads between photos. They take 40 ms to start, and keep no process alive. */
const idle: Worker[] = []

/**
 * Decodes a HEIC photo, its tiles side by side, off the event loop: the picture, or that of another item. Throws an
 * Error when any part can't be decoded.
 */
export async function decodePlanes(
  original: Buffer,
  maxPixels: number,
  item: number | null = null,
): Promise<Planes> {
  const bytes = new Uint8Array(new SharedArrayBuffer(original.length))
  bytes.set(original)
  const aperture = cleanApertureOf(original)
  // The shape of pixels, which changes nothing: libheif sees no crop.
  if (aperture) bytes.set(Buffer.from('pasp'), aperture.at)
  const picture = new Assembly()
  const workers = Array.from({ length: THREADS }, takeThread)
  try {
    await Promise.all(
      workers.map(async (worker, thread) => {
        const tiles = on(worker, 'message', { close: ['exit'] })
        const work: TileWork = { modules: compileLibheif(), bytes, maxPixels, item, thread, threads: THREADS }
        worker.postMessage(work)
        for await (const [decoded] of tiles as AsyncIterable<[DecodedTile | null]>) {
          if (!decoded) return
          picture.place(decoded)
        }
      }),
    )
    const planes = picture.planes()
    return aperture ? cropPlanes(planes, aperture.crop) : planes
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()))
    throw error
  } finally {
    for (const worker of workers) leaveThread(worker)
  }
}

function takeThread(): Worker {
  const worker = idle.pop() ?? new Worker(new URL('./tile-thread.ts', import.meta.url))
  worker.ref()
  return worker
}

function leaveThread(worker: Worker): void {
  if (worker.threadId === ENDED) return
  worker.unref()
  idle.push(worker)
}

const CHANNELS = ['y', 'cb', 'cr', 'alpha'] as const
type Channel = (typeof CHANNELS)[number]

/** The whole picture, which tiles are copied into as they come. */
class Assembly {
  #planes: Planes | null = null
  #missing = 0

  place({ tiling, column, row, tile }: DecodedTile): void {
    if (!this.#planes) {
      this.#planes = emptyPlanes(tiling, tile)
      this.#missing = tiling.columns * tiling.rows
    }
    this.#missing -= 1
    const left = column * tiling.tileWidth - tiling.leftOffset
    const top = row * tiling.tileHeight - tiling.topOffset
    for (const channel of CHANNELS) {
      const [from, to] = [tile[channel], this.#planes[channel]]
      if (from?.data.BYTES_PER_ELEMENT !== to?.data.BYTES_PER_ELEMENT) {
        throw new Error('The tiles of the picture differ in kind.')
      }
      const [x, y] = subsampling(tile, channel)
      if (from && to) copyInto(to, from, Math.floor(left / x), Math.floor(top / y))
    }
  }

  planes(): Planes {
    if (!this.#planes || this.#missing > 0) throw new Error('The picture has tiles missing.')
    return this.#planes
  }
}

function emptyPlanes({ width, height }: Tiling, tile: Tile): Planes {
  const { bits, primaries, transfer, matrix, isFullRange } = tile
  const plane = (channel: Channel): Plane | null => {
    if (!tile[channel]) return null
    const [x, y] = subsampling(tile, channel)
    const size = { width: Math.ceil(width / x), height: Math.ceil(height / y) }
    const samples = size.width * size.height
    return { ...size, data: bits > 8 ? new Uint16Array(samples) : new Uint8Array(samples) }
  }
  const [y, cb, cr, alpha] = [plane('y'), plane('cb'), plane('cr'), plane('alpha')]
  if (!y) throw new Error('The picture has no brightness.')
  return { width, height, bits, primaries, transfer, matrix, isFullRange, y, cb, cr, alpha }
}

/** How many pixels share one sample of a channel, across and down. */
function subsampling(tile: Tile, channel: Channel): [number, number] {
  const [full, part] = [tile.y, tile[channel]]
  if (!full || !part) return [1, 1]
  return [Math.round(full.width / part.width), Math.round(full.height / part.height)]
}

/** Copies what lies inside. */
function copyInto(to: Plane, from: Plane, left: number, top: number): void {
  const [skip, end] = [Math.max(0, -left), Math.min(from.width, to.width - left)]
  for (let row = Math.max(0, -top); row < Math.min(from.height, to.height - top); row++) {
    const part = from.data.subarray(row * from.width + skip, row * from.width + end)
    to.data.set(part, (top + row) * to.width + left + skip)
  }
}
