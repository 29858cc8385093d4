import { type Line, skipped } from '../../line.ts'
import { folderOf, isFile, type Tree, type TreeFile } from '../../trees/tree.ts'
import { readSidecar, type Sidecar } from './sidecar.ts'

/** Where a part begins: its products lie there, each in a folder. */
const ROOT = /(?:^|\/)Takeout\/(?=[^/]+\/)/
const READS_AT_ONCE = 16

/** A folder of Google Photos, of all parts together. */
export type TakeoutFolder = { path: string; pictures: readonly TreeFile[]; sidecars: readonly Sidecar[] }

type Files = { pictures: TreeFile[]; jsons: TreeFile[] }

/**
 * The folders of Google Photos with their sidecars. Other products have pictures too, such as those of one's contacts, and
 * no sidecars: that tells them apart, as all folders are called what the language of the account has for them. What is
 * in no such folder is told.
 */
export async function* readFolders(tree: Tree): AsyncGenerator<Line, TakeoutFolder[]> {
  const folders: TakeoutFolder[] = []
  for (const [path, { pictures, jsons }] of yield* collect(tree)) {
    folders.push({ path, pictures, sidecars: yield* readSidecars(jsons) })
  }
  const products = new Set(
    folders.filter(({ sidecars }) => sidecars.length > 0).map(({ path }) => productOf(path)),
  )
  const isOfPhotos = ({ path }: TakeoutFolder) => products.has(productOf(path))
  for (const { pictures } of folders.filter((folder) => !isOfPhotos(folder))) {
    for (const { path } of pictures) yield skipped(path, 'other_product', 'It is not of Google Photos.')
  }
  return folders.filter(isOfPhotos).toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** All files by their folder, which parts share. */
async function* collect(tree: Tree): AsyncGenerator<Line, Map<string, Files>> {
  const files: TreeFile[] = []
  for await (const entry of tree.files()) {
    if (isFile(entry)) files.push(entry)
    else yield entry
  }
  const hasRoot = files.some(({ path }) => ROOT.test(path))
  const folders = new Map<string, Files>()
  for (const file of files) {
    const path = hasRoot ? pathInTakeout(file.path) : `all/${file.path}`
    if (path === null) {
      yield isArchive(file)
        ? skipped(file.path, 'archive', 'An archive in a folder is not opened: import it beside the others.')
        : skipped(file.path, 'not_in_export', 'It lies beside the export and not in it.')
      continue
    }
    const folder = folders.get(folderOf(path)) ?? { pictures: [], jsons: [] }
    folders.set(folderOf(path), folder)
    if (/\.json$/i.test(path)) folder.jsons.push(file)
    else folder.pictures.push(file)
  }
  return folders
}

/** From the product's folder on; null for what is in none. */
function pathInTakeout(path: string): string | null {
  const root = ROOT.exec(path)
  return root && path.slice(root.index + root[0].length)
}

/** Of a part that is given without its root, everything is of one. */
function productOf(folder: string): string {
  return folder.slice(0, `${folder}/`.indexOf('/'))
}

function isArchive({ path }: TreeFile): boolean {
  return /\.(zip|tgz|tar\.gz|tar)$/i.test(path)
}

/** Of a file that lies in two parts the first. */
async function* readSidecars(files: readonly TreeFile[]): AsyncGenerator<Line, Sidecar[]> {
  const sidecars = new Map<string, Sidecar>()
  for (let from = 0; from < files.length; from += READS_AT_ONCE) {
    const some = files.slice(from, from + READS_AT_ONCE)
    const reads = await Promise.all(some.map((file) => readSidecar(file).catch(() => 'malformed' as const)))
    for (const [index, { path }] of some.entries()) {
      const read = reads[index]
      if (read === 'malformed')
        yield skipped(path, 'malformed_sidecar', 'It is damaged, and nobody else knows of its picture.')
      else if (read === 'other') yield skipped(path, 'not_a_photo', 'It is no photo.')
      else if (read !== 'album' && read && !sidecars.has(read.name)) sidecars.set(read.name, read)
    }
  }
  return [...sidecars.values()]
}
