import type { Line } from '../line.ts'
import type { Tree, TreeFile } from '../trees/tree.ts'

export type ExportOptions = {
  /** Where the owner had a photo changed, take in the unchanged one as well. */
  withOriginals: boolean
}

/** The way that one system lays out what it hands to its users: a file here that turns it into lines. */
export type Export = {
  /** The system's name, and that of the source of its external ids. */
  name: string
  /** Whether a tree with such a file in it is of this kind. */
  isMark(file: TreeFile): boolean | Promise<boolean>
  lines(tree: Tree, options: ExportOptions): AsyncIterable<Line>
}
