import { VISIBILITIES, type Visibility } from '../../photo/photo.ts'
import { isOwnerId, OWNER_ID_RULE } from '../../photo/shard.ts'
import { type Facts, type Line, NO_FACTS, refused } from '../line.ts'
import { parseWrittenTime } from '../written-time.ts'
import type { Place } from './place.ts'

/** What a row says of its columns' names, as texts; what it leaves empty is left out. */
export type Row = ReadonlyMap<string, string>

/** Of each column how its text is read; what is thrown as InvalidColumn says what it must be. */
const READERS: { [Name in keyof Facts]?: (text: string) => Facts[Name] } = {
  owner: (text) => (isOwnerId(text) ? text : wrong(`must be ${OWNER_ID_RULE}`)),
  postedAt: (text) =>
    readTime(text) ?? wrong('must be a time, such as 2019-07-01T10:00:00Z, or its seconds since 1970'),
  externalId: (text) => text,
  visibility: (text) => (isVisibility(text) ? text : wrong(`must be ${VISIBILITIES.join(' or ')}`)),
  filter: (text) => text,
  strength: (text) =>
    Number(text) > 0 && Number(text) <= 1 ? Number(text) : wrong('must be above 0 and at most 1'),
  focus: (text) => readFocus(text) ?? wrong('must be x,y, both in 0 to 1'),
  alt: (text) => text,
}

/** The columns that a list may have; `path` and `key` are one. */
const COLUMNS: readonly string[] = ['path', 'key', ...Object.keys(READERS)]

class InvalidColumn extends Error {}

/** The column that a heading means, whether it is written `postedAt`, `posted_at` or `Posted at`; null for any other. */
export function columnOf(heading: string): string | null {
  const plain = (text: string) => text.toLowerCase().replace(/[\s_-]/g, '')
  return COLUMNS.find((column) => plain(column) === plain(heading)) ?? null
}

/** The line that a row of a list says. One that can't be read is refused, and its number told. */
export function lineOf(row: Row, number: number, place: Place): Line {
  const path = row.get('path') ?? row.get('key')
  if (path === undefined) return refused(`line ${number}`, 'invalid_line', 'It names no path and no key.')
  const file = place.file(path)
  if (file === null)
    return refused(
      path,
      'invalid_line',
      `Line ${number}: the path leads out of the folder that the list is of.`,
    )
  const facts: Record<string, unknown> = { ...NO_FACTS }
  for (const [column, read] of Object.entries(READERS)) {
    const text = row.get(column)
    if (text === undefined) continue
    try {
      facts[column] = read(text)
    } catch (error) {
      if (!(error instanceof InvalidColumn)) throw error
      return refused(path, 'invalid_line', `Line ${number}: "${column}" ${error.message}.`)
    }
  }
  return { kind: 'file', file, facts: facts as Facts }
}

/** ISO 8601, or seconds or milliseconds since 1970. */
function readTime(text: string): Date | null {
  if (!/^-?\d{5,}(\.\d+)?$/.test(text)) return parseWrittenTime(text)
  const value = Number(text)
  // Seconds are that large in the year 5138, and milliseconds were in 1973.
  return new Date(Math.abs(value) < 1e11 ? value * 1000 : value)
}

function readFocus(text: string): Facts['focus'] {
  const [x, y, more] = text.split(',').map(Number)
  const isIn = (value: number | undefined): value is number => value !== undefined && value >= 0 && value <= 1
  return isIn(x) && isIn(y) && more === undefined ? { x, y } : null
}

function isVisibility(text: string): text is Visibility {
  return (VISIBILITIES as readonly string[]).includes(text)
}

function wrong(rule: string): never {
  throw new InvalidColumn(rule)
}
