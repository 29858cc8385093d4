import type { Line } from '../line.ts'
import { folderOf, isFile, type Tree, type TreeFile } from '../trees/tree.ts'

/** The files of a tree, those of one folder at a time. What is no file is told as it comes. */
export async function* foldersOf(tree: Tree): AsyncGenerator<Line | readonly TreeFile[]> {
  let files: TreeFile[] = []
  let folder = ''
  for await (const entry of tree.files()) {
    if (folderOf(entry.path) !== folder) {
      if (files.length > 0) yield files
      files = []
      folder = folderOf(entry.path)
    }
    if (isFile(entry)) files.push(entry)
    else yield entry
  }
  if (files.length > 0) yield files
}
