import type { ImportedLine, Imports, KnownPhoto } from '../../catalog/photos/imports.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { KeptOriginal } from '../../ingest/ingest.ts'
import type { Log } from '../../log.ts'
import { originalKey } from '../../photo/object-keys.ts'
import { newSecret } from '../../photo/secret.ts'
import type { OwnerId } from '../../photo/shard.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { promiseJob } from '../../queue/promise-job.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { examine, toldFailure } from '../examine.ts'
import type { FileLine, Line } from '../line.ts'
import { altOf, type Choices, externalIdOf, lookOf, ownerOf, timeOf } from './decide.ts'
import { type SettledLine, settled } from './settled-line.ts'
import { Turns } from './turns.ts'

export type TakeInEngines = {
  imports: Pick<Imports, 'find' | 'findBytes' | 'insert' | 'name'>
  keep(owner: OwnerId, body: AsyncIterable<Buffer>): Promise<KeptOriginal>
  store: Pick<ObjectStore, 'delete'>
  queue: Pick<JobQueue, 'enqueue'>
  filters: Pick<FilterBook, 'find'>
  log: Log
}

export type TakeInOptions = {
  run: number
  /** The name of the source that external ids are kept under. */
  source: string
  choices: Choices
  /** What EXIF means without a zone. */
  exifOffset: string | null
}

/**
 * Takes in what a line names, and says how the line ends. The same line again makes nothing twice and ends as before: it
 * finds what it has made by its external id without reading it, or else by its bytes. Throws EngineUnavailableError when
 * it can't tell for now.
 */
export function createTakeIn(engines: TakeInEngines, options: TakeInOptions) {
  const turns = new Turns()

  return async (line: Line, number: number): Promise<SettledLine> => {
    if (line.kind !== 'file') return settledAsTold(line)
    try {
      return await takeIn(line, { run: options.run, line: number })
    } catch (error) {
      return settledAsTold(toldFailure(line.file, error))
    }
  }

  async function takeIn({ file, facts }: FileLine, madeBy: ImportedLine): Promise<SettledLine> {
    const { imports } = engines
    const { source, choices, exifOffset } = options
    const owner = ownerOf(facts, file, choices)
    const look = lookOf(facts, engines.filters)
    const ownId = externalIdOf(facts)
    const told = { owner, externalId: ownId, group: facts.group }
    const known = ownId === null ? null : await imports.find({ source, externalId: ownId, owner })
    if (known) return settledAsKnown(file.path, known, madeBy, told)

    const { takenAt, body } = await examine(file, exifOffset)
    const { id, original } = await engines.keep(owner, body)
    const externalId = ownId ?? `sha256:${original.sha256.slice(0, 32)}`
    const name = { source, externalId, owner }
    const postedAt = timeOf(facts, takenAt, file, choices)
    const read = { ...told, externalId, bytes: original.bytes }

    // Two lines of the same bytes, one after the other.
    using _turn = await turns.of(`${owner} ${original.sha256}`)
    const same = await imports.findBytes(owner, original.sha256, madeBy)
    if (same) {
      await imports.name(same.id, name)
      await engines.store.delete([originalKey(id, original.format)])
      if (isMadeBy(same, madeBy)) return settledAsKnown(file.path, same, madeBy, read)
      const message = 'The owner has a photo of the same bytes.'
      return settled(file.path, 'already_there', { ...read, photo: same.id, code: 'same_bytes', message })
    }
    const photo = {
      id,
      owner,
      visibility: facts.visibility ?? choices.visibility,
      secret: newSecret(),
      alt: altOf(facts),
      original,
      focus: facts.focus,
      look,
      postedAt,
      madeBy,
    }
    if (!(await imports.insert(photo, name))) {
      await engines.store.delete([originalKey(id, original.format)])
      const other = await imports.find(name)
      return other
        ? settledAsKnown(file.path, other, madeBy, read)
        : settled(file.path, 'already_there', read)
    }
    await promiseJob(engines.queue, { kind: 'import', photoId: id }, engines.log)
    return settled(file.path, 'imported', { ...read, photo: id, postedAt })
  }
}

/** How a line ends that names nothing to take in. */
export function settledAsTold(line: Exclude<Line, FileLine>): SettledLine {
  if (line.kind === 'duplicate') {
    const message = `It has the bytes of ${line.of}.`
    return settled(line.path, 'already_there', { code: 'same_bytes', message })
  }
  const { path, kind, code, message } = line
  return settled(path, kind, { code, message })
}

/** How a line ends whose photo is there: as it did when it was made by this very line, whose end was not recorded then. */
export function settledAsKnown(
  path: string,
  known: KnownPhoto,
  by: ImportedLine,
  told: Partial<SettledLine>,
): SettledLine {
  const { id, postedAt } = known
  const bytes = known.bytes ?? 0
  if (isMadeBy(known, by)) return settled(path, 'imported', { ...told, photo: id, postedAt, bytes })
  if (known.isDeleted) {
    const message = 'It was imported before, and its owner is deleting it.'
    return settled(path, 'already_there', { ...told, code: 'deleted', message })
  }
  const message = 'It was imported before.'
  return settled(path, 'already_there', { ...told, photo: id, bytes, code: 'known', message })
}

function isMadeBy({ madeBy }: KnownPhoto, { run, line }: ImportedLine): boolean {
  return madeBy?.run === run && madeBy.line === line
}
