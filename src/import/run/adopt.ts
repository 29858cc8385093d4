import type { Adoptions, NewAdoption } from '../../catalog/photos/adoptions.ts'
import type { KnownPhoto } from '../../catalog/photos/imports.ts'
import { DarkroomError, EmptyFileError, PhotoTooLargeError, SetupError } from '../../errors.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { newSecret } from '../../photo/secret.ts'
import { namesNoPhoto, toldFailure } from '../examine.ts'
import type { FileLine, Line } from '../line.ts'
import { Batches } from './batches.ts'
import { altOf, externalIdOf, lookOf, ownerOf, timeOf, UndecidedError } from './decide.ts'
import { type SettledLine, settled } from './settled-line.ts'
import { settledAsKnown, settledAsTold, type TakeInOptions } from './take-in.ts'

/** So many photos are recorded by one statement. */
export const ADOPTED_AT_ONCE = 500
const ATTEMPTS = 5

export type AdoptEngines = {
  adoptions: Pick<Adoptions, 'find' | 'nextIds' | 'insert'>
  filters: Pick<FilterBook, 'find'>
  maxUploadBytes: number
  /** Whether an original that lies there is one of our own store, which deletes what no photo of its own has. */
  isOwn(from: string): boolean
}

type Wanted = { line: FileLine; name: Pick<NewAdoption, 'owner' | 'externalId' | 'line'> }
type Settled = { wanted: Wanted; line: SettledLine }

/**
 * Makes photos of what lines name and leaves the files where they are; not a byte of them is read, so what they are shows
 * when somebody looks at them. Says how each line ends. Again it finds what it has made, by the name that each has in its
 * source, or else by its path. Throws EngineUnavailableError when it can't tell for now, and SetupError for what can't stay
 * where it is.
 */
export function createAdopt(engines: AdoptEngines, options: TakeInOptions) {
  const { adoptions, filters, maxUploadBytes, isOwn } = engines
  const { source, run, choices } = options
  const batches = new Batches(ADOPTED_AT_ONCE, adoptAll)

  return async (line: Line, number: number): Promise<SettledLine> => {
    if (line.kind !== 'file') return settledAsTold(line)
    try {
      const owner = ownerOf(line.facts, line.file, choices)
      lookOf(line.facts, filters)
      const told = { ...line.facts, externalId: line.facts.externalId ?? line.file.path }
      const externalId = externalIdOf(told) as string
      const why = namesNoPhoto(line.file.path)
      if (why) return settledAsTold(why)
      return await batches.add({ line, name: { owner, externalId, line: number } })
    } catch (error) {
      if (error instanceof SetupError) throw error
      return settledAsTold(toldFailure(line.file, error))
    }
  }

  async function adoptAll(all: readonly Wanted[]): Promise<SettledLine[]> {
    const ended = new Map<Wanted, SettledLine>()
    const ready = new Map<Wanted, NewAdoption & { id: PhotoId }>()
    for (let attempt = 1; ; attempt++) {
      const open = all.filter((wanted) => !ended.has(wanted))
      const known = await adoptions.find(
        source,
        open.map(({ name }) => name),
      )
      const news: Wanted[] = []
      for (const [index, wanted] of open.entries()) {
        const found = known[index] ?? null
        if (found === null) news.push(wanted)
        else ended.set(wanted, endKnown(wanted, found))
      }
      const { firsts, others } = namedOnce(news)
      for (const { wanted, line } of await makeReady(firsts, ready)) ended.set(wanted, line)
      const photos = firsts.flatMap((wanted) => ready.get(wanted) ?? [])
      if (photos.length === 0 || (await adoptions.insert(photos, { source, run }))) {
        for (const wanted of firsts) {
          const photo = ready.get(wanted)
          if (photo) ended.set(wanted, endAdopted(wanted, photo))
        }
        if (others.length === 0) break
      } else if (attempt === ATTEMPTS) throw new Error('Others import the same photos all the time.')
    }
    return all.map((wanted) => ended.get(wanted) as SettledLine)
  }

  /** Gives each what it takes to be recorded; returns how those end that can't be. */
  async function makeReady(
    wanted: readonly Wanted[],
    ready: Map<Wanted, NewAdoption & { id: PhotoId }>,
  ): Promise<Settled[]> {
    const looked = await Promise.all(
      wanted.filter((each) => !ready.has(each)).map(async (each) => ({ each, found: await look(each) })),
    )
    const ids = await adoptions.nextIds(looked.map(({ each }) => each.name.owner))
    return looked.flatMap(({ each, found }, index) => {
      if ('outcome' in found) return [{ wanted: each, line: found }]
      ready.set(each, { ...found, id: ids[index] as PhotoId })
      return []
    })
  }

  async function look({ line: { file, facts }, name }: Wanted): Promise<NewAdoption | SettledLine> {
    if (file.locate === null)
      throw new SetupError('What lies in a zip can not stay there: unpack it, or import without --adopt.')
    try {
      const { from, etag, size, modifiedAt } = await file.locate()
      if (size === 0) throw new EmptyFileError()
      if (size !== null && size > maxUploadBytes) throw new PhotoTooLargeError(maxUploadBytes)
      if (isOwn(from))
        throw new UndecidedError('own_object', 'It is an object of our own store, of another photo.')
      return {
        ...name,
        visibility: facts.visibility ?? choices.visibility,
        secret: newSecret(),
        alt: altOf(facts),
        bytes: size,
        focus: facts.focus,
        look: lookOf(facts, filters),
        postedAt: timeOf(facts, () => null, { ...file, modifiedAt }, choices),
        adopted: { from, etag },
      }
    } catch (error) {
      if (!(error instanceof DarkroomError) || error instanceof SetupError) throw error
      return settledAsTold(toldFailure(file, error))
    }
  }

  function endKnown({ line: { file, facts }, name }: Wanted, known: KnownPhoto): SettledLine {
    const { line, ...told } = name
    return settledAsKnown(file.path, known, { run, line }, { ...told, group: facts.group })
  }

  function endAdopted(
    { line: { file, facts }, name }: Wanted,
    photo: NewAdoption & { id: PhotoId },
  ): SettledLine {
    const { owner, externalId } = name
    const { id, postedAt, bytes } = photo
    return settled(file.path, 'imported', {
      owner,
      externalId,
      group: facts.group,
      photo: id,
      postedAt,
      bytes: bytes ?? 0,
    })
  }
}

/** The first line of each name, and those after it. */
function namedOnce(wanted: readonly Wanted[]): { firsts: Wanted[]; others: Wanted[] } {
  const names = new Set<string>()
  const [firsts, others]: [Wanted[], Wanted[]] = [[], []]
  for (const each of wanted) {
    const name = `${each.name.owner} ${each.name.externalId}`
    if (names.has(name)) others.push(each)
    else firsts.push(each)
    names.add(name)
  }
  return { firsts, others }
}
