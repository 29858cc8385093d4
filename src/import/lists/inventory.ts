import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ObjectNotFoundError, SetupError } from '../../errors.ts'
import { objectLocation } from '../../storage/location.ts'
import type { SourceBucket } from '../../storage/source-bucket.ts'
import { type Line, NO_FACTS, refused, skipped } from '../line.ts'
import { isJunk } from '../trees/junk.ts'
import { type Manifest, readManifest } from './inventory-manifest.ts'
import { csvRows, type InventoryRow, parquetRows } from './inventory-rows.ts'
import { bucketPlace, type NamedBucket, type Place } from './place.ts'

const ARCHIVED = ['GLACIER', 'DEEP_ARCHIVE']

export type InventoryPlaces = {
  /** The bucket that the inventory was written to. */
  lists: Pick<SourceBucket, 'read' | 'open'>
  /** The one that it is of. */
  openBucket(name: string): Promise<NamedBucket>
  /** Each file of the list lies here while it is read. */
  temporary: string
}

/**
 * The objects that an S3 Inventory lists, as they are now: neither earlier versions nor what was deleted. Each of its files
 * is fetched and its checksum verified before a line of it is believed; one is held at a time, on disk. Throws SetupError
 * when one is damaged.
 */
export async function* inventoryLines(
  { lists, openBucket, temporary }: InventoryPlaces,
  manifestKey: string,
): AsyncGenerator<Line> {
  const manifest = await readManifest(lists, manifestKey)
  const bucket = await openBucket(manifest.sourceBucket)
  const place = bucketPlace(bucket)
  const folder = await mkdtemp(join(temporary, 'inventory-'))
  try {
    for (const file of manifest.files) {
      const path = join(folder, 'list')
      await fetchVerified(lists, file, path)
      const rows = manifest.fileFormat === 'CSV' ? csvRows(path, manifest.fileSchema) : parquetRows(path)
      let number = 0
      for await (const row of rows) {
        number += 1
        const line = lineOfRow(row, `${file.key} row ${number}`, { url: bucket.url, place })
        if (line) yield line
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function lineOfRow(
  { key, size, etag, modifiedAt, storageClass, isLatest, isDeleted }: InventoryRow,
  where: string,
  { url, place }: { url: string; place: Place },
): Line | null {
  if (!isLatest || isDeleted || key?.endsWith('/')) return null
  const file = key === null ? null : place.file(key)
  if (key === null || file === null) return refused(where, 'invalid_line', 'Its key can not be read.')
  if (isJunk(key)) return skipped(key, 'junk', 'A system left it there.')
  if (ARCHIVED.includes(storageClass ?? ''))
    return refused(key, 'object_archived', `It is archived in ${storageClass}. Restore it first.`)
  // Without a tag of it nobody would see that it was written anew: then it is looked at.
  const located = async () => ({ from: objectLocation(url, key), etag, size, modifiedAt })
  const locate = etag === null ? file.locate : located
  return {
    kind: 'file',
    file: { ...file, size, modifiedAt, locate },
    facts: { ...NO_FACTS, externalId: key },
  }
}

async function fetchVerified(
  lists: Pick<SourceBucket, 'open'>,
  { key, size, MD5checksum }: Manifest['files'][number],
  path: string,
): Promise<void> {
  const md5 = createHash('md5')
  let bytes = 0
  const body = await lists.open(key).catch((error) => {
    if (!(error instanceof ObjectNotFoundError)) throw error
    throw new SetupError(`The manifest names ${key}, which is not there.`, { cause: error })
  })
  await pipeline(
    body,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        md5.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    },
    createWriteStream(path),
  )
  if (bytes !== size || md5.digest('hex') !== MD5checksum)
    throw new SetupError(`${key} has another checksum or length than the manifest says: it is damaged.`)
}
