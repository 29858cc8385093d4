import { NO_FACTS } from '../line.ts'
import { isFile } from '../trees/tree.ts'
import type { Export } from './export.ts'

/** Files, of which nothing is known but what is in them. */
export const plainFolder: Export = {
  name: 'folder',
  isMark: () => true,
  lines: async function* (tree) {
    for await (const entry of tree.files()) {
      yield isFile(entry) ? { kind: 'file', file: entry, facts: NO_FACTS } : entry
    }
  },
}
