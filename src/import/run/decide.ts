import { DarkroomError } from '../../errors.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import { MAX_ALT } from '../../photo/alt.ts'
import type { Look } from '../../photo/look/look.ts'
import type { Visibility } from '../../photo/photo.ts'
import { isOwnerId, OWNER_ID_RULE, type OwnerId } from '../../photo/shard.ts'
import type { Facts, SourceFile } from '../line.ts'
import { parseWrittenTime } from '../written-time.ts'

/** What the operator said of photos whose line says nothing of it. */
export type Choices = {
  owner: OwnerId | null
  /** Its first group, or all of it, in the path is the owner. */
  ownerFrom: RegExp | null
  visibility: Visibility
  /** What tells the time when neither the export nor EXIF does: that of the file, or a part of its path. */
  postedAt: 'exif' | 'mtime' | RegExp
}

/** What a line or the operator says of a photo is not enough, or can't be. */
export class UndecidedError extends DarkroomError {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** As PostgreSQL keeps names, and an index finds them. */
const MAX_EXTERNAL_ID_BYTES = 1_024
/** A clock may be ahead. What is later is no time: it would stand before all others for years. */
const AHEAD_MS = 86_400_000

/** Whose it will be. Throws UndecidedError. */
export function ownerOf({ owner }: Facts, { path }: SourceFile, choices: Choices): OwnerId {
  const found = choices.ownerFrom?.exec(path)
  const named = owner ?? (found ? (found.groups?.owner ?? found[1] ?? found[0]) : null) ?? choices.owner
  if (named === null) throw new UndecidedError('no_owner', 'Nothing tells whose it is: give --owner.')
  if (isOwnerId(named)) return named
  throw new UndecidedError('invalid_owner', `"${named.slice(0, 40)}" is no owner, which is ${OWNER_ID_RULE}.`)
}

/** When it was posted: by the source, by itself, or by what the operator chose; null when nothing tells. */
export function timeOf(
  { postedAt }: Facts,
  takenAt: () => Date | null,
  { path, modifiedAt }: SourceFile,
  choices: Choices,
  now = new Date(),
): Date | null {
  const chosen = () => {
    if (choices.postedAt === 'exif') return null
    return choices.postedAt === 'mtime' ? modifiedAt : timeInPath(path, choices.postedAt)
  }
  const isTime = (time: Date | null): time is Date =>
    time !== null && time.getTime() <= now.getTime() + AHEAD_MS
  for (const tell of [() => postedAt, takenAt, chosen]) {
    const time = tell()
    if (isTime(time)) return time
  }
  return null
}

/** By the groups year, month, day, hour, minute and second, or by one that is a whole time. What is left out is the first. */
function timeInPath(path: string, pattern: RegExp): Date | null {
  const found = pattern.exec(path)
  if (!found) return null
  const { year, month = '01', day = '01', hour = '00', minute = '00', second = '00' } = found.groups ?? {}
  if (year === undefined) return parseWrittenTime(found[1] ?? found[0])
  return parseWrittenTime(`${year}-${month}-${day}T${hour}:${minute}:${second}`)
}

/** Null for none. Throws UndecidedError when there is no such filter. */
export function lookOf({ filter, strength }: Facts, filters: Pick<FilterBook, 'find'>): Look | null {
  if (filter === null) return null
  const found = filters.find(filter)
  if (!found) throw new UndecidedError('filter_not_found', `There is no filter "${filter.slice(0, 40)}".`)
  return { filter: found.name, strength: strength ?? 1 }
}

/** A text that can be kept, and no longer than others: cut between two characters. */
export function altOf({ alt }: Facts): string | null {
  if (alt === null) return null
  const whole = alt.toWellFormed().replaceAll('\0', '')
  return whole.trim() === '' ? null : [...whole].slice(0, MAX_ALT).join('')
}

/** Throws UndecidedError when it can't be kept. */
export function externalIdOf({ externalId }: Facts): string | null {
  if (externalId === null) return null
  if (Buffer.byteLength(externalId) <= MAX_EXTERNAL_ID_BYTES && !externalId.includes('\0'))
    return externalId.toWellFormed()
  throw new UndecidedError(
    'invalid_external_id',
    `Its name there has more than ${MAX_EXTERNAL_ID_BYTES} bytes.`,
  )
}
