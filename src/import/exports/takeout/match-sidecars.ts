import { splitName } from '../../trees/tree.ts'
import { withoutEditedWord } from './edited-words.ts'
import type { Sidecar } from './sidecar.ts'

const SUFFIX = '.supplemental-metadata'
/** In UTF-16 units, as is all of JavaScript: what is longer is cut there, before `.json` or a number. */
const CUT = 46

export type Match = {
  sidecar: Sidecar
  /** The picture that its owner changed into this one, if it is there as well. */
  original?: string
  isEdited: boolean
}

type Find = (name: string) => Sidecar | undefined
type Rule = (picture: string) => Match | undefined

/**
 * Which sidecar each picture of one folder has, by the names of both, which Takeout cuts and numbers each in its own
 * way: the first rule that finds one, and exact names before such as differ in case. A picture with a number of its own
 * never has the sidecar of the one without.
 */
export function matchSidecars(
  pictures: readonly string[],
  sidecars: readonly Sidecar[],
): { matches: Map<string, Match>; unclaimed: Sidecar[] } {
  const matches = new Map<string, Match>()
  const claimed = new Set<Sidecar>()
  const match = (rule: Rule, { isSure }: { isSure: boolean }) => {
    const rest = pictures.filter((picture) => !matches.has(picture))
    const found = rest.flatMap((picture) => {
      const match = rule(picture)
      return match ? [{ picture, match }] : []
    })
    const claims = Map.groupBy(found, ({ match }) => match.sidecar)
    for (const { picture, match } of found) {
      if (isSure || claims.get(match.sidecar)?.length === 1) matches.set(picture, match)
    }
    for (const { sidecar } of matches.values()) claimed.add(sidecar)
    return sidecars.filter((sidecar) => !claimed.has(sidecar))
  }

  const byName = new Map(sidecars.map((sidecar) => [sidecar.name, sidecar]))
  const byStem = Map.groupBy(pictures, (picture) => splitName(picture).stem)
  const exactly = (name: string) => byName.get(name)
  match((picture) => asNamed(picture, exactly), { isSure: true })
  const left = match((picture) => asEdited(picture, byStem, exactly), { isSure: true })
  const byLowerName = Map.groupBy(left, ({ name }) => name.toLowerCase())
  const alike = (name: string) => only(byLowerName.get(name.toLowerCase()))
  const titled = match((picture) => asNamed(picture, alike), { isSure: false })
  match((picture) => asTitled(picture, titled), { isSure: false })

  // Both of the names of before and of after late 2024 may be there.
  const spare = new Set([...claimed].map(({ title, takenAt }) => `${takenAt?.getTime()} ${title}`))
  const unclaimed = sidecars.filter(
    (sidecar) => !claimed.has(sidecar) && !spare.has(`${sidecar.takenAt?.getTime()} ${sidecar.title}`),
  )
  return { matches, unclaimed }
}

function asNamed(picture: string, find: Find): Match | undefined {
  const sidecar = sidecarOf(picture, find)
  return sidecar && { sidecar, isEdited: false }
}

function asTitled(picture: string, sidecars: readonly Sidecar[]): Match | undefined {
  const sidecar = only(sidecars.filter((each) => isTitleOf(each, picture)))
  return sidecar && { sidecar, isEdited: false }
}

/** That of the picture which its owner changed: `X.jpg` for `X-edited.jpg`, `X(1).jpg` for `X-edited(1).jpg`. */
function asEdited(
  picture: string,
  byStem: ReadonlyMap<string, readonly string[]>,
  find: Find,
): Match | undefined {
  const { base, number, extension } = partsOf(picture)
  for (const stem of withoutEditedWord(base)) {
    const original = originalOf(byStem.get(`${stem}${number}`) ?? [], extension)
    const sidecar = sidecarOf(original ?? `${stem}${number}${extension}`, find)
    if (sidecar) return { sidecar, isEdited: true, ...(original !== undefined && { original }) }
  }
  return undefined
}

/** Of the pictures with the stem of one that was changed, which it was: the one of the same kind of file, of several. */
function originalOf(found: readonly string[], extension: string): string | undefined {
  const alike = found.filter((each) => splitName(each).extension.toLowerCase() === extension.toLowerCase())
  return only(alike) ?? only(found.filter((each) => !/\.(mp4|mov|mp)$/i.test(each)))
}

function sidecarOf(picture: string, find: Find): Sidecar | undefined {
  const { stem, base, number, extension } = partsOf(picture)
  const first = (names: readonly string[], isRight: (sidecar: Sidecar) => boolean) =>
    names.flatMap((name) => find(name) ?? []).find(isRight)
  // The number is the owner's own when the title has it.
  const inPlace = number && first(sidecarNames(picture, ''), ({ title }) => title.startsWith(stem))
  return (
    inPlace ||
    first(sidecarNames(`${base}${extension}`, number), () => true) ||
    // It was uploaded without an extension, which Google then gave it.
    first(sidecarNames(base, number), ({ title }) => title === base)
  )
}

/** The names that the sidecar of a picture may have, those that are left whole first. */
function sidecarNames(picture: string, number: string): string[] {
  const whole = Array.from(
    { length: SUFFIX.length + 1 },
    (_, cut) => `${picture}${SUFFIX.slice(0, SUFFIX.length - cut)}`,
  )
  return [...whole, `${picture}${SUFFIX}`.slice(0, CUT)].map((name) => `${name}${number}.json`)
}

/** The sidecar's title is the picture's name, which was cut from it, and of the same number. */
function isTitleOf(sidecar: Sidecar, picture: string): boolean {
  const { stem, base, number, extension } = partsOf(picture)
  const title = splitName(asFileName(sidecar.title))
  if (title.extension.toLowerCase() !== extension.toLowerCase()) return false
  const own = asFileName(stem)
  if (title.stem === own) return true
  const named = asFileName(base)
  const isCut = base.length >= CUT && title.stem.startsWith(named)
  return (title.stem === named || isCut) && (/\(\d+\)(?=\.json$)/.exec(sidecar.name)?.[0] ?? '') === number
}

/** Google leaves out of the names of files what file systems don't take. */
function asFileName(text: string): string {
  return text.replace(/[<>:"/\\|?*&%'+~#]/g, '_')
}

/** `a(1).jpg` is of the stem `a(1)`, the base `a`, the number `(1)` and the extension `.jpg`. */
function partsOf(picture: string) {
  const { stem, extension } = splitName(picture)
  const number = /\(\d+\)$/.exec(stem)?.[0] ?? ''
  return { stem, extension, number, base: stem.slice(0, stem.length - number.length) }
}

function only<Item>(items: readonly Item[] | undefined): Item | undefined {
  return items?.length === 1 ? items[0] : undefined
}
