import { type DuplicateLine, type Facts, type Line, missing, NO_FACTS, skipped } from '../line.ts'
import type { TreeFile } from '../trees/tree.ts'
import type { NamedFiles } from './named-files.ts'
import { findSameBytes } from './same-bytes.ts'

/** A picture as a list names it. */
export type Listed = { uri: string; list: TreeFile; facts: Facts }

/** The lines of pictures that lists name: each where it lies, once, or missing. */
export async function* listedLines(pictures: readonly Listed[], files: NamedFiles): AsyncGenerator<Line> {
  const seen = new Set<TreeFile>()
  for (const { uri, list, facts } of pictures) {
    const found = files.find(uri)
    if (found === 'outside') {
      yield missing(uri, 'outside_export', `${list.path} names it, and it is no file of the export.`)
      continue
    }
    if (found.length === 0) {
      yield missing(uri, 'photo_missing', `${list.path} names it, and it is in no part.`)
      continue
    }
    const fresh = found.filter((file) => !seen.has(file))
    for (const file of fresh) seen.add(file)
    yield* onceEach(fresh, facts)
  }
}

/** What no list names: of posts it is taken in without a time, as it may be of a post whose list is lost. */
export function* unlistedLines(
  file: TreeFile,
  posts: RegExp,
  idOf: (path: string) => string | null,
): Generator<Line> {
  if (/\.json$/i.test(file.path)) return
  if (posts.test(file.path)) yield { kind: 'file', file, facts: { ...NO_FACTS, externalId: idOf(file.path) } }
  else yield skipped(file.path, 'not_a_post', 'It is of no post.')
}

/** A file that lies in several parts is taken in once; one that was changed in between is another. */
async function* onceEach(files: readonly TreeFile[], facts: Facts): AsyncGenerator<Line> {
  const same = await findSameBytes(files)
  for (const file of files) {
    const first = same.get(file)
    if (first) yield { kind: 'duplicate', path: file.path, of: first.path } satisfies DuplicateLine
    else yield { kind: 'file', file, facts }
  }
}
