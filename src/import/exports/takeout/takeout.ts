import { type Line, missing, NO_FACTS, skipped } from '../../line.ts'
import { nameOf, type TreeFile } from '../../trees/tree.ts'
import type { Export } from '../export.ts'
import { findSameBytes, sha256Of } from '../same-bytes.ts'
import { type Match, matchSidecars } from './match-sidecars.ts'
import { readFolders, type TakeoutFolder } from './read-folders.ts'
import { readSidecar } from './sidecar.ts'

type Taken = { file: TreeFile; match: Match | undefined; folder: string }

/**
 * Google Photos, as Google Takeout hands it out: pictures by year and once more by album, each with a JSON file beside it
 * or in the same folder of another part. The JSON tells the time that its owner set, and the caption.
 */
export const takeout: Export = {
  name: 'google',
  isMark: async (file) => {
    if (!/\.json$/i.test(file.path)) return false
    return typeof (await readSidecar(file).catch(() => 'other')) !== 'string'
  },
  lines: async function* (tree, { withOriginals }) {
    const folders = yield* readFolders(tree)
    const taken: Taken[] = []
    for (const folder of folders) taken.push(...(yield* takeOf(folder, withOriginals)))

    const same = await findSameBytes(taken.toSorted(byWorth).map(({ file }) => file))
    const names = new Set<string>()
    for (const { file, match } of taken) {
      const first = same.get(file)
      if (first) yield { kind: 'duplicate', path: file.path, of: first.path }
      else yield { kind: 'file', file, facts: await factsOf(file, match, names) }
    }
  },
}

/** What is to be taken in of a folder; what not, and which pictures are in no part, is told. */
async function* takeOf(
  { path, pictures, sidecars }: TakeoutFolder,
  withOriginals: boolean,
): AsyncGenerator<Line, Taken[]> {
  const names = [...new Set(pictures.map((file) => nameOf(file.path)))]
  const { matches, unclaimed } = matchSidecars(names, sidecars)
  const changed = new Map(
    [...matches].flatMap(([name, { original }]) => (original === undefined ? [] : [[original, name]])),
  )
  const taken: Taken[] = []
  for (const file of pictures) {
    const match = matches.get(nameOf(file.path))
    const version = changed.get(nameOf(file.path))
    if (match?.sidecar.isTrashed) yield skipped(file.path, 'trashed', 'Its owner has put it into the trash.')
    else if (match?.sidecar.isPartners)
      yield skipped(file.path, 'of_partner', 'It is of somebody who shares their photos with the owner.')
    else if (version !== undefined && !withOriginals)
      yield skipped(file.path, 'edited', `Its owner changed it: ${version} is taken in instead.`)
    else taken.push({ file, match, folder: path })
  }
  for (const { file, title, isTrashed } of unclaimed) {
    if (!isTrashed) yield missing(file.path, 'photo_missing', `The picture "${title}" is in no part.`)
  }
  return taken
}

/** Of equal bytes those are taken in of which more is known, and of these the one that lies by its year. */
function byWorth(a: Taken, b: Taken): number {
  const worth = ({ match, folder }: Taken) => (match ? 0 : 2) + (/(19|20)\d\d$/.test(folder) ? 0 : 1)
  return worth(a) - worth(b)
}

async function factsOf(file: TreeFile, match: Match | undefined, names: Set<string>) {
  if (!match) return NO_FACTS
  const { takenAt, title, description, isHidden } = match.sidecar
  return {
    ...NO_FACTS,
    postedAt: takenAt,
    alt: description,
    visibility: isHidden ? ('private' as const) : null,
    externalId: takenAt && (await nameFor(file, `${takenAt.getTime() / 1000}:${title}`, match, names)),
  }
}

/** Google hands out no id. Two pictures of one second may have one name: the second gets its bytes' own. */
async function nameFor(file: TreeFile, name: string, { isEdited }: Match, names: Set<string>) {
  const wished = isEdited ? `${name}#edited` : name
  const isTaken = names.has(wished)
  names.add(wished)
  return isTaken ? `${wished}#${(await sha256Of(file).catch(() => '')).slice(0, 12)}` : wished
}
