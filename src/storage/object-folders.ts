import { link, mkdir, rename, rmdir, stat } from 'node:fs/promises'
import { dirname, relative, sep } from 'node:path'
import { codeOf, ignoreMissing } from './disk-errors.ts'
import { FolderSync } from './folder-sync.ts'

/**
 * So many levels of folders stay when they are empty, `originals` and in it one per shard: what lasts needs its
 * name synced once per process, not at every put.
 */
const LASTING_LEVELS = 2

const NO_LINKS = /^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK)$/

/** More would mean that something other than a delete takes the folders away. */
const MAX_MOVES = 100

/**
 * The folders in which objects lie as files. They come with the first object and go with the last, and an object that was
 * moved in is there after a power cut.
 */
export class ObjectFolders {
  readonly #root: string
  readonly #sync = new FolderSync()
  /** Lasting folders whose own names are known to be safe from a power cut. */
  readonly #safe = new Set<string>()
  /** Of the other folders the last one: renditions of one photo follow each other. */
  #recent = ''

  constructor(root: string) {
    this.#root = root
  }

  /**
   * Renames a file that is whole to the path of its key, and syncs its name. A delete may take an empty folder away at any
   * moment, so it is made again until the object is in it. Throws the errors of node:fs, as all here do.
   */
  async moveIn(temporary: string, path: string): Promise<void> {
    await this.#placeIn(path, async () => await rename(temporary, path))
  }

  /** As moveIn, when there is no file yet: of two at once one is first. False when there is one, whose name is synced, too. */
  async moveInFirst(temporary: string, path: string): Promise<boolean> {
    let isFirst = true
    await this.#placeIn(path, async () => {
      isFirst = await linkFirst(temporary, path)
    })
    return isFirst
  }

  async #placeIn(path: string, place: () => Promise<void>): Promise<void> {
    const folder = dirname(path)
    for (let moves = 1; ; moves++) {
      try {
        await place()
        break
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || moves === MAX_MOVES) throw error
        this.#safe.clear()
        this.#recent = ''
        await mkdir(folder, { recursive: true, mode: 0o700 }).catch(ignoreMissing)
      }
    }
    await this.#syncNames(folder)
  }

  /**
   * Syncs a folder that got a name, and those above it up to one that is safe. Also those that are not new:
   * whoever made them, here or in another process, may not have synced their names yet.
   */
  async #syncNames(folder: string): Promise<void> {
    const folders = [folder]
    for (let at = folder; at !== this.#root && at !== this.#recent && !this.#safe.has(at); ) {
      at = dirname(at)
      folders.push(at)
    }
    await this.#sync.syncAll(folders)
    for (const synced of folders) if (this.#isLasting(synced)) this.#safe.add(synced)
    this.#recent = folder
  }

  #isLasting(folder: string): boolean {
    return relative(this.#root, folder).split(sep).length <= LASTING_LEVELS
  }

  /** Takes the folder away, if a delete left it empty, and those above it; what is gone is safe from a power cut. */
  async removeEmptied(folder: string): Promise<void> {
    this.#recent = ''
    let kept = folder
    for (; !this.#isLasting(kept); kept = dirname(kept)) {
      try {
        await rmdir(kept)
      } catch (error) {
        if (codeOf(error) === 'ENOTEMPTY') break
        ignoreMissing(error)
      }
    }
    await this.#sync.syncAll([kept])
  }
}

/** Leaves the temporary name, or not: whoever made it takes it away. False when the path is taken. */
async function linkFirst(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!NO_LINKS.test(codeOf(error))) throw error
  }
  // @NOTE A file system without hard links: nothing on it tells which of two at the same moment is first.
  if (await stat(path).catch(ignoreMissing)) return false
  await rename(temporary, path)
  return true
}
