import type { Export } from './exports/export.ts'
import { facebook } from './exports/facebook.ts'
import { immich } from './exports/immich.ts'
import { instagram } from './exports/instagram.ts'
import { mastodon } from './exports/mastodon.ts'
import { plainFolder } from './exports/plain-folder.ts'
import { takeout } from './exports/takeout/takeout.ts'
import { wordpress } from './exports/wordpress.ts'
import { isFile, type Tree } from './trees/tree.ts'

/** Each kind is a file that turns its layout into lines, and an entry here. A tree is of the first that it has a mark of. */
export const EXPORTS: readonly Export[] = [
  takeout,
  instagram,
  facebook,
  mastodon,
  immich,
  wordpress,
  plainFolder,
]

/** What a tree is. Looks at the names of all its files at most, and into files that Takeout may have written. */
export async function recognise(tree: Tree): Promise<Export> {
  let found = EXPORTS.length - 1
  for await (const file of tree.files()) {
    if (!isFile(file)) continue
    for (let index = 0; index < found; index++) {
      if (await EXPORTS[index]?.isMark(file)) found = index
    }
    if (found === 0) break
  }
  return EXPORTS[found] ?? plainFolder
}
