import { SetupError } from '../../errors.ts'
import { type Line, refused } from '../line.ts'
import { columnOf, lineOf } from './list-columns.ts'
import type { ListFile, Place } from './place.ts'

const MAX_LINE_BYTES = 1024 * 1024
const NEWLINE = 0x0a

/** The lines of a file of NDJSON: an object each, with our columns among its names. Throws SetupError as csvLines does. */
export async function* ndjsonLines(list: ListFile, place: Place): AsyncGenerator<Line> {
  let number = 0
  for await (const text of textLines(list)) {
    number += 1
    // What some programs begin a file with.
    const json = number === 1 ? text.replace(/^\ufeff/, '') : text
    if (json.trim() !== '') yield lineOfJson(json, number, place)
  }
}

function lineOfJson(text: string, number: number, place: Place): Line {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = null
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return refused(`line ${number}`, 'invalid_line', 'It is no object of JSON.')
  const row = new Map<string, string>()
  for (const [name, value] of Object.entries(json)) {
    const column = columnOf(name)
    if (column === null || value === null || value === '') continue
    if (column === 'focus' && typeof value === 'object') row.set(column, `${value.x},${value.y}`)
    else if (typeof value === 'string' || typeof value === 'number') row.set(column, String(value))
    else return refused(`line ${number}`, 'invalid_line', `"${name}" must be a text or a number.`)
  }
  return lineOf(row, number, place)
}

async function* textLines({ name: path, open }: ListFile): AsyncGenerator<string> {
  let rest = Buffer.alloc(0)
  try {
    for await (const chunk of (await open()) as AsyncIterable<Buffer>) {
      let from = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        yield Buffer.concat([rest, chunk.subarray(from, end)]).toString()
        rest = Buffer.alloc(0)
        from = end + 1
      }
      rest = Buffer.concat([rest, chunk.subarray(from)])
      if (rest.length > MAX_LINE_BYTES)
        throw new SetupError(`${path} is no NDJSON: it has a line of more than a megabyte.`)
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
      throw new SetupError(`${path} can't be read (${code}).`, { cause: error })
    throw error
  }
  if (rest.length > 0) yield rest.toString()
}
