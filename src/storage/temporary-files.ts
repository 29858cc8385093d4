import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { EngineUnavailableError } from '../errors.ts'
import { codeOf, ignoreMissing } from './disk-errors.ts'

/** Nothing writes to one file for a day: it was left by a process that was killed. A younger one may be in use by another. */
const STALE_AFTER_MS = 24 * 60 * 60 * 1000

/**
 * What a stream may bring while a write runs, written at once with the next: fewer and larger writes make an upload a
 * fifth faster. Only held in memory when the disk is slower than the stream.
 */
const GATHERED = 512 * 1024

export function temporaryPath(folder: string): string {
  return join(folder, randomUUID())
}

/**
 * Writes all of the bytes to a new file of mode 600, safe from a power cut but for its name, and tells how many
 * they were. A Buffer is written at once, a stream as it flows. Throws what the bytes' source throws.
 */
export async function writeSynced(path: string, bytes: Buffer | AsyncIterable<Buffer>): Promise<number> {
  try {
    if (Buffer.isBuffer(bytes)) {
      await writeFile(path, bytes, { flag: 'wx', mode: 0o600, flush: true })
      return bytes.length
    }
    // A write stream gathers what comes while it writes; writeFile would make a system call of every chunk.
    const sink = createWriteStream(path, {
      flags: 'wx',
      mode: 0o600,
      flush: true,
      highWaterMark: GATHERED,
    })
    await pipeline(bytes, sink)
    return sink.bytesWritten
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    throw new EngineUnavailableError('The folder of the objects is gone: is its disk mounted?', {
      cause: error,
    })
  }
}

/** Bytes rather than an empty file: a full disk still takes names. */
export async function tryToWrite(folder: string): Promise<void> {
  const path = temporaryPath(folder)
  try {
    await writeSynced(path, Buffer.alloc(4096))
  } finally {
    await rm(path, { force: true })
  }
}

export async function removeStaleFiles(folder: string): Promise<void> {
  const newestStale = Date.now() - STALE_AFTER_MS
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(ignoreMissing)
    if (found && found.mtimeMs < newestStale) await rm(path, { force: true })
  }
}
