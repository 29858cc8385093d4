import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rm, stat, unlink, utimes } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ObjectNotFoundError, ObjectTakenError, SetupError } from '../errors.ts'
import { isPutOnce } from '../photo/object-keys.ts'
import { ignoreMissing, isMissing, remedyFor, translateDiskError } from './disk-errors.ts'
import { FolderSync, foldersBetween } from './folder-sync.ts'
import { ObjectFolders } from './object-folders.ts'
import type { ByteRange, KeptObject, ObjectInfo, ObjectStore } from './object-store.ts'
import { removeStaleFiles, temporaryPath, tryToWrite, writeSynced } from './temporary-files.ts'

const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/

/** Where bytes lie until they are whole: on the same file system, so that a rename moves them. No key begins with it. */
const TMP = 'tmp'

/**
 * Objects as files of their keys' names. A body is written under a temporary name and synced, renamed to its
 * key, and the folders above it are synced: a crash leaves the whole object or a temporary file, never a part
 * under the key.
 */
export class DiskStore implements ObjectStore {
  readonly name: string
  readonly #root: string
  readonly #tmp: string
  readonly #folders: ObjectFolders

  /**
   * Opens the store in a folder, which is made (mode 700) when it is missing. Removes what killed processes left
   * behind a day ago or earlier. Throws SetupError, that says what to do, when the folder can't be written.
   */
  static async open(folder: string): Promise<DiskStore> {
    const root = resolve(folder)
    const tmp = join(root, TMP)
    try {
      const firstMade = await mkdir(tmp, { recursive: true, mode: 0o700 })
      if (firstMade) await new FolderSync().syncAll(foldersBetween(dirname(firstMade), root))
      await tryToWrite(tmp)
      await removeStaleFiles(tmp)
    } catch (error) {
      throw new SetupError(`The folder ${root} can't be written. ${remedyFor(error) ?? error}`, {
        cause: error,
      })
    }
    return new DiskStore(root)
  }

  private constructor(root: string) {
    this.name = root
    this.#root = root
    this.#tmp = join(root, TMP)
    this.#folders = new ObjectFolders(root)
  }

  async put(key: string, body: Readable | Buffer): Promise<ObjectInfo> {
    const path = this.#pathOf(key)
    const temporary = temporaryPath(this.#tmp)
    try {
      // The pipeline listens for errors of the body at once; iterating it would only when the file is open.
      const size = Buffer.isBuffer(body)
        ? await writeSynced(temporary, body)
        : await pipeline(body, (chunks: AsyncIterable<Buffer>) => writeSynced(temporary, chunks))
      if (!isPutOnce(key)) await this.#folders.moveIn(temporary, path)
      else if (!(await this.#folders.moveInFirst(temporary, path))) await expectSame(temporary, path, key)
      return { key, size }
    } catch (error) {
      throw translateDiskError(error)
    } finally {
      // What a failing disk won't remove now is removed when the store is opened another day.
      await rm(temporary, { force: true }).catch(() => {})
    }
  }

  async presignPut(): Promise<null> {
    return null
  }

  async open(
    key: string,
    range?: ByteRange,
    { pieceBytes = 65_536 }: { pieceBytes?: number } = {},
  ): Promise<Readable> {
    const path = this.#pathOf(key)
    try {
      const file = await open(path)
      if ((await file.stat()).isFile()) return file.createReadStream({ ...range, highWaterMark: pieceBytes })
      await file.close()
    } catch (error) {
      if (isMissing(error)) throw new ObjectNotFoundError(key, { cause: error })
      throw translateDiskError(error)
    }
    throw new ObjectNotFoundError(key)
  }

  async read(key: string): Promise<Buffer> {
    const path = this.#pathOf(key)
    try {
      return await readFile(path)
    } catch (error) {
      if (isMissing(error)) throw new ObjectNotFoundError(key, { cause: error })
      throw translateDiskError(error)
    }
  }

  async head(key: string): Promise<KeptObject | null> {
    const path = this.#pathOf(key)
    try {
      const found = await stat(path)
      return found.isFile() ? { key, size: found.size, modifiedAt: found.mtime } : null
    } catch (error) {
      if (isMissing(error)) return null
      throw translateDiskError(error)
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    const paths = keys.map((key) => this.#pathOf(key))
    try {
      for (const path of paths) await unlink(path).catch(ignoreMissing)
      for (const folder of new Set(paths.map(dirname))) await this.#folders.removeEmptied(folder)
    } catch (error) {
      throw translateDiskError(error)
    }
  }

  async copy(from: string, to: string): Promise<void> {
    const [source, target] = [this.#pathOf(from), this.#pathOf(to)]
    if (!(await this.head(from))) throw new ObjectNotFoundError(from)
    const temporary = temporaryPath(this.#tmp)
    try {
      await linkOrCopy(source, temporary)
      await utimes(temporary, new Date(), new Date())
      await this.#folders.moveIn(temporary, target)
    } catch (error) {
      if (isMissing(error)) throw new ObjectNotFoundError(from, { cause: error })
      throw translateDiskError(error)
    } finally {
      // A rename to another name of the same file leaves both.
      await rm(temporary, { force: true }).catch(() => {})
    }
  }

  async move(from: string, to: string): Promise<void> {
    const [source, target] = [this.#pathOf(from), this.#pathOf(to)]
    if (!(await this.head(from))) return
    try {
      // A rename alone would keep the time of the put.
      await utimes(source, new Date(), new Date())
      await this.#folders.moveIn(source, target)
      await this.#folders.removeEmptied(dirname(source))
    } catch (error) {
      if (!isMissing(error)) throw translateDiskError(error)
    }
  }

  async *list(prefix: string, { after = '' } = {}): AsyncIterable<string> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    if (folder !== '') this.#pathOf(folder.slice(0, -1))
    try {
      yield* this.#walk(folder, prefix, after)
    } catch (error) {
      throw translateDiskError(error)
    }
  }

  async check(): Promise<void> {
    try {
      await tryToWrite(this.#tmp)
    } catch (error) {
      throw translateDiskError(error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Folders may vanish meanwhile, with the keys in them. */
  async *#walk(folder: string, prefix: string, after: string): AsyncIterable<string> {
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch(ignoreMissing)
    // With its slash a folder stands where the keys in it do.
    const keys = (entries ?? [])
      .filter((entry) => SEGMENT.test(entry.name) && (entry.isDirectory() || entry.isFile()))
      .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''))
      .filter((key) => key.startsWith(prefix) && key !== `${TMP}/` && (key > after || after.startsWith(key)))
    for (const key of keys.sort()) {
      if (key.endsWith('/')) yield* this.#walk(key, prefix, after)
      else if (key > after) yield key
    }
  }

  #pathOf(key: string): string {
    const segments = key.split('/')
    if (segments[0] === TMP || !segments.every((segment) => SEGMENT.test(segment))) {
      throw new Error(`${JSON.stringify(key)} is no object key.`)
    }
    return join(this.#root, ...segments)
  }
}

/** Throws ObjectTakenError when the two differ. */
async function expectSame(temporary: string, path: string, key: string): Promise<void> {
  const [ours, theirs] = await Promise.all([stat(temporary), stat(path)])
  const isSame = ours.size === theirs.size && (await digestOf(temporary)) === (await digestOf(path))
  if (!isSame) throw new ObjectTakenError(key)
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** A second name of the same file, whose bytes never change; its bytes where the file system has no such names. */
async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target)
  } catch (error) {
    if (isMissing(error)) throw error
    await writeSynced(target, createReadStream(source))
  }
}
