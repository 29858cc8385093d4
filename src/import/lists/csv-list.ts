import { CsvError, parse } from 'csv-parse'
import { SetupError } from '../../errors.ts'
import { type Line, refused } from '../line.ts'
import { columnOf, lineOf } from './list-columns.ts'
import type { ListFile, Place } from './place.ts'

/** A quote that is never closed would make one of the rest of the file. */
const MAX_LINE_BYTES = 1024 * 1024

/**
 * The lines of a CSV file (RFC 4180, UTF-8) whose first line names the columns. Others than ours are passed by. Throws
 * SetupError when it is no such file.
 */
export async function* csvLines({ name: path, open }: ListFile, place: Place): AsyncGenerator<Line> {
  const rows = (await open()).compose(
    parse({
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_LINE_BYTES,
      info: true,
    }),
  ) as AsyncIterable<{ record: string[]; info: { lines: number } }>
  let columns: (string | null)[] | null = null
  try {
    for await (const { record, info } of rows) {
      if (columns === null) columns = readHeadings(record, path)
      else if (record.length !== columns.length) {
        const message = `Line ${info.lines} has ${record.length} fields, and the first line ${columns.length}.`
        yield refused(record[0] || `line ${info.lines}`, 'invalid_line', message)
      } else yield lineOf(rowOf(columns, record), info.lines, place)
    }
  } catch (error) {
    throw notACsv(path, error)
  }
  if (columns === null) throw new SetupError(`${path} is empty.`)
}

function readHeadings(record: readonly string[], path: string): (string | null)[] {
  const columns = record.map(columnOf)
  if (!columns.includes('path') && !columns.includes('key')) {
    throw new SetupError(
      `${path} has no column "path" or "key". Its first line must name the columns, with commas between; it begins ${JSON.stringify(record.slice(0, 3).join(',').slice(0, 60))}.`,
    )
  }
  const twice = columns.find((column, index) => column !== null && columns.indexOf(column) !== index)
  if (twice) throw new SetupError(`${path} has two columns "${twice}".`)
  return columns
}

function rowOf(columns: readonly (string | null)[], record: readonly string[]): Map<string, string> {
  const row = new Map<string, string>()
  for (const [index, column] of columns.entries()) {
    const text = record[index]
    if (column !== null && text) row.set(column, text)
  }
  return row
}

function notACsv(path: string, error: unknown): unknown {
  if (error instanceof CsvError)
    return new SetupError(`${path} is no CSV: ${error.message}`, { cause: error })
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR'
    ? new SetupError(`${path} can't be read (${code}).`, { cause: error })
    : error
}
