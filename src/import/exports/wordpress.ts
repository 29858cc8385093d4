import { NO_FACTS, skipped } from '../line.ts'
import { nameOf, splitName, type TreeFile } from '../trees/tree.ts'
import type { Export } from './export.ts'
import { foldersOf } from './folders.ts'

/** `X-300x200.jpg` is X, smaller, for fine screens `X-300x200@2x.jpg`; `X-scaled.jpg` X no larger than 2560; `X-rotated.jpg` X upright. */
const MADE = /^(.+)-(?:\d+x\d+(?:@2x)?|scaled|rotated)$/
const MARK =
  /(?:^|\/)(?:wp-content\/uploads|uploads\/(?:19|20)\d\d\/(?:0\d|1[0-2]))\/|(?:^|\/)(?:19|20)\d\d\/(?:0\d|1[0-2])\/[^/]+-(?:\d+x\d+|scaled|rotated)\.\w+$/
const PHOTO = /\.(?:jpe?g|png|gif|webp|avif|heic|tiff?)$/i

/**
 * The uploads of WordPress: pictures by month, with those beside them that WordPress made. A picture that it made is left
 * out only where the one that it was made from is there. The folder tells the month of the upload, which is no time.
 */
export const wordpress: Export = {
  name: 'wordpress',
  isMark: ({ path }) => MARK.test(path),
  lines: async function* (tree) {
    for await (const files of foldersOf(tree)) {
      if ('kind' in files) {
        yield files
        continue
      }
      const names = new Set(files.map(({ path }) => nameOf(path)))
      for (const file of files) {
        const source = madeFrom(nameOf(file.path), names)
        yield source === undefined
          ? { kind: 'file', file, facts: { ...NO_FACTS, externalId: uploadPath(file) } }
          : skipped(file.path, 'rendition', `WordPress made it from ${source}.`)
      }
    }
  },
}

/** The picture of the folder that this one was made from, over several steps if there were. */
function madeFrom(name: string, names: ReadonlySet<string>): string | undefined {
  const { stem, extension } = splitName(name)
  if (!PHOTO.test(extension)) return undefined
  // `X.jpg.webp`, of plugins that convert.
  if (names.has(stem) && PHOTO.test(stem)) return stem
  const inner = PHOTO.test(stem) ? splitName(stem).stem : stem
  const base = MADE.exec(inner)?.[1]
  if (base === undefined) return undefined
  const same = `${base}${extension}`
  if (names.has(same)) return same
  const other = [...names].find((each) => splitName(each).stem === base && PHOTO.test(each))
  return other ?? madeFrom(same, names)
}

/** As it stands in the address of the picture, behind `wp-content/uploads/`. */
function uploadPath({ path }: TreeFile): string {
  return path.normalize().replace(/^(?:.*\/)?uploads\//, '')
}
