import type { Imports, KnownPhoto } from '../../catalog/photos/imports.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { KeptOriginal } from '../../ingest/ingest.ts'
import type { Log } from '../../log.ts'
import { originalKey } from '../../photo/object-keys.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
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
 * Takes in what a line names, and says how the line ends. Again it finds what it has made, and makes nothing twice: by its
 * external id without reading it, or else by its bytes. Throws EngineUnavailableError when it can't tell for now.
 */
export function createTakeIn(engines: TakeInEngines, options: TakeInOptions) {
  const turns = new Turns()
  /** Those of the lines that a run may have taken in before, as far as they are taken in by now. */
  const ours = new Set<PhotoId>()

  return async (line: Line, { isRepeat }: { isRepeat: boolean }): Promise<SettledLine> => {
    if (line.kind !== 'file') return settledAsTold(line)
    try {
      return await takeIn(line, isRepeat)
    } catch (error) {
      return settledAsTold(toldFailure(line.file, error))
    }
  }

  async function takeIn({ file, facts }: FileLine, isRepeat: boolean): Promise<SettledLine> {
    const { imports } = engines
    const { source, run, choices, exifOffset } = options
    const owner = ownerOf(facts, file, choices)
    const look = lookOf(facts, engines.filters)
    const ownId = externalIdOf(facts)
    const told = { owner, externalId: ownId, group: facts.group }
    // What this run has taken in before it was killed is what it has taken in, once.
    const isOurs = ({ id, importedBy }: KnownPhoto) => isRepeat && importedBy === run && !ours.has(id)
    const imported = (id: PhotoId, more: Partial<SettledLine>) => {
      if (isRepeat) ours.add(id)
      return settled(file.path, 'imported', { ...more, photo: id })
    }

    const known = ownId === null ? null : await imports.find({ source, externalId: ownId, owner })
    if (known) {
      if (isOurs(known))
        return imported(known.id, { ...told, postedAt: facts.postedAt, bytes: known.bytes ?? 0 })
      return settled(file.path, 'already_there', { ...told, ...whyKnown(known) })
    }

    const { takenAt, body } = await examine(file, exifOffset)
    const { id, original } = await engines.keep(owner, body)
    const externalId = ownId ?? `sha256:${original.sha256.slice(0, 32)}`
    const name = { source, externalId, owner }
    const postedAt = timeOf(facts, takenAt, file, choices)
    const bytes = { ...told, externalId, bytes: original.bytes }

    // Two lines of the same bytes, one after the other.
    using _turn = await turns.of(`${owner} ${original.sha256}`)
    const same = await imports.findBytes(owner, original.sha256)
    if (same) {
      await imports.name(same.id, name)
      await engines.store.delete([originalKey(id, original.format)])
      if (isOurs(same)) return imported(same.id, { ...bytes, postedAt })
      const message = 'The owner has a photo of the same bytes.'
      return settled(file.path, 'already_there', { ...bytes, photo: same.id, code: 'same_bytes', message })
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
      importedBy: run,
    }
    if (!(await imports.insert(photo, name))) {
      await engines.store.delete([originalKey(id, original.format)])
      const other = await imports.find(name)
      return settled(file.path, 'already_there', { ...bytes, ...(other && whyKnown(other)) })
    }
    await promiseJob(engines.queue, { kind: 'import', photoId: id }, engines.log)
    return imported(id, { ...bytes, postedAt })
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

export function whyKnown({ id, bytes, isDeleted }: KnownPhoto): Partial<SettledLine> {
  if (!isDeleted) return { photo: id, bytes: bytes ?? 0, code: 'known', message: 'It was imported before.' }
  return { code: 'deleted', message: 'It was imported before, and its owner is deleting it.' }
}
