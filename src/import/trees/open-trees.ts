import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SetupError } from '../../errors.ts'
import { folderTree } from './folder-tree.ts'
import { isJunk } from './junk.ts'
import type { Tree } from './tree.ts'
import { openZipTree } from './zip-tree.ts'

const ZIP = /\.zip$/i

/**
 * Folders and zips as one tree. Of several, the paths begin with the name of the part. A folder that holds nothing but
 * zips is its zips. Throws SetupError that names what is missing.
 */
export async function openTrees(names: readonly string[]): Promise<Tree> {
  await using opened = new AsyncDisposableStack()
  const parts: Tree[] = []
  for (const name of (await Promise.all(names.map(partsOf))).flat()) {
    const tree = ZIP.test(name) ? await openZipTree(name) : folderTree(name)
    parts.push(opened.use(tree))
  }
  const owned = opened.move()
  const [first] = parts
  const isOne = parts.length === 1 && first !== undefined
  return {
    name: names.join(' '),
    files: () => (isOne ? first.files() : filesOf(parts)),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

async function* filesOf(parts: readonly Tree[]) {
  for (const part of parts) {
    for await (const entry of part.files()) yield { ...entry, path: `${part.name}/${entry.path}` }
  }
}

async function partsOf(name: string): Promise<string[]> {
  const found = await stat(name).catch(() => null)
  if (found === null) throw new SetupError(`There is no ${name}.`)
  if (!found.isDirectory()) {
    if (ZIP.test(name)) return [name]
    throw new SetupError(
      `${name} is no folder and no zip. Single photos are uploaded: darkroom upload ${name}`,
    )
  }
  const entries = await readdir(name, { withFileTypes: true }).catch(() => [])
  const own = entries.filter((entry) => !isJunk(entry.name))
  const isOfZips = own.length > 0 && own.every((entry) => entry.isFile() && ZIP.test(entry.name))
  return isOfZips ? own.map((entry) => join(name, entry.name)).toSorted() : [name]
}
