import type { SourceFile, ToldLine } from '../line.ts'

/** A file of a tree: its length is always known. */
export type TreeFile = SourceFile & { size: number }

/** A folder, or an archive as if it were one. */
export type Tree = AsyncDisposable & {
  /** As the operator named it. */
  readonly name: string
  /**
   * Every file, and what is there and is none. Those of one folder come one after another, in the order of their names,
   * before those of the folders in it.
   */
  files(): AsyncIterable<TreeFile | ToldLine>
}

export function isFile(entry: TreeFile | ToldLine): entry is TreeFile {
  return !('kind' in entry)
}

/** The folder of a path, '' at the top. In NFC, as names are compared: a Mac writes them otherwise. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))).normalize()
}

/** The name of the file, in NFC. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).normalize()
}

/** A name in two: `a.b.JPG` is `a.b` and `.JPG`. What begins with its only dot has no extension. */
export function splitName(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? { stem: name, extension: '' } : { stem: name.slice(0, dot), extension: name.slice(dot) }
}
