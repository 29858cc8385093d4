import { createHash } from 'node:crypto'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { ObjectNotFoundError, SetupError } from '../../errors.ts'
import type { SourceBucket } from '../../storage/source-bucket.ts'

const Manifest = Type.Object({
  sourceBucket: Type.String({ minLength: 1 }),
  fileFormat: Type.String(),
  fileSchema: Type.String(),
  files: Type.Array(
    Type.Object({
      key: Type.String(),
      size: Type.Number(),
      MD5checksum: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    }),
  ),
})

/** What S3 Inventory says of one of its lists: the bucket that it is of, and the files that it lies in. */
export type Manifest = Type.Static<typeof Manifest>

/**
 * Reads a manifest whose checksum lies beside it. Throws SetupError when it was not written to its end, or is of a format
 * that is not read.
 */
export async function readManifest(lists: Pick<SourceBucket, 'read'>, key: string): Promise<Manifest> {
  const bytes = await lists.read(key).catch((error) => {
    if (!(error instanceof ObjectNotFoundError)) throw error
    throw new SetupError(`There is no ${key}.`, { cause: error })
  })
  const checksumKey = key.replace(/[^/]*$/, 'manifest.checksum')
  const checksum = await lists.read(checksumKey).catch((error) => {
    if (!(error instanceof ObjectNotFoundError)) throw error
    throw new SetupError(
      `There is no ${checksumKey}: S3 writes it last, so the inventory is not complete yet.`,
    )
  })
  if (createHash('md5').update(bytes).digest('hex') !== checksum.toString('latin1').trim())
    throw new SetupError(`${key} has another checksum than ${checksumKey} says: it is damaged.`)
  const manifest = jsonOf(bytes)
  if (!Value.Check(Manifest, manifest)) throw new SetupError(`${key} is no manifest of S3 Inventory.`)
  if (!['CSV', 'Parquet'].includes(manifest.fileFormat)) {
    throw new SetupError(
      `The inventory is in ${manifest.fileFormat}, which is not read. Have S3 write it as CSV or Parquet.`,
    )
  }
  return manifest
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return null
  }
}
