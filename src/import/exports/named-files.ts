import { nameOf, type TreeFile } from '../trees/tree.ts'

/**
 * Files by the way that a list of their export names them: a path from the export's root, which may be a folder of the
 * tree, and another part than the list's.
 */
export class NamedFiles {
  readonly #byName: Map<string, TreeFile[]>
  readonly #claimed = new Set<TreeFile>()

  constructor(files: readonly TreeFile[]) {
    this.#byName = Map.groupBy(files, ({ path }) => nameOf(path))
  }

  /** Where it lies, in each of the parts; `outside` when the path leaves the export, as none of ours does. */
  find(uri: string): readonly TreeFile[] | 'outside' {
    const path = uri.normalize().replace(/^\/+/, '')
    if (/(^|\/)\.\.?(\/|$)/.test(path) || /^\w+:/.test(path)) return 'outside'
    const found = (this.#byName.get(nameOf(path)) ?? []).filter((file) =>
      `/${file.path.normalize()}`.endsWith(`/${path}`),
    )
    for (const file of found) this.#claimed.add(file)
    return found
  }

  isClaimed(file: TreeFile): boolean {
    return this.#claimed.has(file)
  }
}
