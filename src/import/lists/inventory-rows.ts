import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

/** What an inventory says of an object; null is what it was not asked to tell. Its key is null when it can't be read. */
export type InventoryRow = {
  key: string | null
  size: number | null
  etag: string | null
  modifiedAt: Date | null
  storageClass: string | null
  isLatest: boolean
  isDeleted: boolean
}

const MAX_ROW_BYTES = 64 * 1024
/** Of a Parquet file so many are held at a time, whatever the size of its groups. */
const WINDOW = 50_000
const COLUMNS = [
  'key',
  'size',
  'e_tag',
  'last_modified_date',
  'storage_class',
  'is_latest',
  'is_delete_marker',
]

/**
 * The rows of a gzipped CSV file, in which columns have no names but those of the manifest, and keys are encoded as in
 * forms.
 */
export async function* csvRows(path: string, fileSchema: string): AsyncGenerator<InventoryRow> {
  const names = fileSchema.split(',').map((name) => name.trim())
  const at = (name: string) => names.indexOf(name)
  const columns = {
    key: at('Key'),
    size: at('Size'),
    etag: at('ETag'),
    modifiedAt: at('LastModifiedDate'),
    storageClass: at('StorageClass'),
    isLatest: at('IsLatest'),
    isDeleted: at('IsDeleteMarker'),
  }
  const rows = createReadStream(path)
    .compose(createGunzip())
    .compose(parse({ relax_column_count: true, max_record_size: MAX_ROW_BYTES })) as AsyncIterable<string[]>
  for await (const row of rows) {
    yield {
      key: decodeKey(row[columns.key]),
      size: row[columns.size] ? Number(row[columns.size]) : null,
      etag: row[columns.etag] || null,
      modifiedAt: timeOf(row[columns.modifiedAt]),
      storageClass: row[columns.storageClass] || null,
      isLatest: row[columns.isLatest]?.toLowerCase() !== 'false',
      isDeleted: row[columns.isDeleted]?.toLowerCase() === 'true',
    }
  }
}

/** Once: a key that has a percent sign of its own has it encoded. */
function decodeKey(text: string | undefined): string | null {
  if (!text) return null
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

/** The rows of a Parquet file, whose own schema tells its columns; keys are as they are. */
export async function* parquetRows(path: string): AsyncGenerator<InventoryRow> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  const columns = COLUMNS.filter((name) =>
    parquetSchema(metadata).children.some(({ element }) => element.name === name),
  )
  for (const { rowStart, rowEnd } of windowsOf(metadata)) {
    const rows = await parquetReadObjects({ file, metadata, columns, compressors, rowStart, rowEnd })
    for (const row of rows) {
      yield {
        key: typeof row.key === 'string' && row.key !== '' ? row.key : null,
        size: row.size === undefined || row.size === null ? null : Number(row.size),
        etag: typeof row.e_tag === 'string' && row.e_tag !== '' ? row.e_tag : null,
        modifiedAt: timeOf(row.last_modified_date),
        storageClass: row.storage_class || null,
        isLatest: row.is_latest !== false,
        isDeleted: row.is_delete_marker === true,
      }
    }
  }
}

/** As ISO 8601, as a Date, or in milliseconds. */
function timeOf(value: unknown): Date | null {
  const time = new Date(
    typeof value === 'bigint' ? Number(value) : ((value ?? Number.NaN) as string | number | Date),
  )
  return Number.isNaN(time.getTime()) ? null : time
}

/** Parts of row groups, none across two: a group is read anew for each part of it. */
function* windowsOf({ row_groups: groups }: FileMetaData) {
  let first = 0
  for (const group of groups) {
    const end = first + Number(group.num_rows)
    for (let rowStart = first; rowStart < end; rowStart += WINDOW)
      yield { rowStart, rowEnd: Math.min(rowStart + WINDOW, end) }
    first = end
  }
}
