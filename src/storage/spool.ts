import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { translateDiskError } from './disk-errors.ts'
import { temporaryPath } from './temporary-files.ts'

const CHUNK = 262_144

/** A body that is whole: its length and hash are known and it can be read as often as wanted. Disposing forgets it. */
export type SpooledBody = AsyncDisposable & {
  readonly size: number
  readonly sha256: Buffer
  open(): Readable
}

/**
 * Takes in all of the body, a stream as a file in the folder. Its hash is computed, unless `known` tells it in hex when the body
 * has ended. Throws what the body throws, and EngineUnavailableError when the disk fails.
 */
export async function spool(
  body: Readable | Buffer,
  folder: string,
  known?: () => string,
): Promise<SpooledBody> {
  return Buffer.isBuffer(body) ? inMemory(body) : await onDisk(body, folder, known)
}

/**
 * Opens a file that has no name any more, so that a process that is killed leaves nothing behind, or the name of an
 * empty file when that happens right here.
 */
export async function openNameless(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = temporaryPath(folder)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}

async function onDisk(body: Readable, folder: string, known?: () => string): Promise<SpooledBody> {
  await using opened = new AsyncDisposableStack()
  const hash = createHash('sha256')
  try {
    // The pipeline listens for errors of the body at once; iterating it would only when the file is open.
    const file = await pipeline(body, async (chunks: AsyncIterable<Buffer>) => {
      const nameless = opened.use(await openNameless(folder))
      await nameless.writeFile(known ? chunks : hashed(chunks, hash))
      return nameless
    })
    const { size } = await file.stat()
    const owned = opened.move()
    return {
      size,
      sha256: known ? Buffer.from(known(), 'hex') : hash.digest(),
      open: () => Readable.from(read(file, size), { objectMode: false }),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    }
  } catch (error) {
    throw translateDiskError(error)
  }
}

function inMemory(body: Buffer): SpooledBody {
  return {
    size: body.length,
    sha256: createHash('sha256').update(body).digest(),
    open: () => Readable.from([body], { objectMode: false }),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** A read stream of the file itself would close it when it is destroyed, and it is read again for another attempt. */
async function* read(file: FileHandle, size: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < size; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position)
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function* hashed(chunks: AsyncIterable<Buffer>, hash: ReturnType<typeof createHash>) {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}
