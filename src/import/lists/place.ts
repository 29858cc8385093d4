import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ObjectNotFoundError } from '../../errors.ts'
import { fileLocation, objectLocation } from '../../storage/location.ts'
import type { SourceBucket } from '../../storage/source-bucket.ts'
import type { Located, SourceFile } from '../line.ts'
import { unreadable } from '../unreadable-file.ts'

/** Where the files lie that a list names: a folder or a bucket. */
export type Place = {
  /** The file of a path from there; it may not be there when it is opened. Null for a path that leads elsewhere. */
  file(path: string): SourceFile | null
}

/** A list, and how it is called. */
export type ListFile = { name: string; open(): Promise<Readable> }

/** Files of a folder, by a path that stays in it. Links within are the operator's own. */
export function folderPlace(root: string): Place {
  return {
    file: (path) => {
      if (leaves(path)) return null
      const place = join(root, path)
      return {
        ...fileOf(path, () => createReadStream(place)),
        locate: async () => await locateFile(place),
      }
    },
  }
}

/** A bucket, and the URL that names it. */
export type NamedBucket = { url: string; objects: Pick<SourceBucket, 'open' | 'look'> }

/** Objects of a bucket, by the rest of their key behind the prefix. */
export function bucketPlace(bucket: NamedBucket, prefix = ''): Place {
  return {
    file: (path) => {
      const key = `${prefix}${path}`
      return {
        ...fileOf(path, async () => await bucket.objects.open(key)),
        locate: async () => await locateObject(bucket, key),
      }
    },
  }
}

async function locateFile(place: string): Promise<Located> {
  try {
    const { size, mtime } = await stat(place)
    await access(place, constants.R_OK)
    return { from: fileLocation(place), etag: null, size, modifiedAt: mtime }
  } catch (error) {
    throw unreadable(error)
  }
}

async function locateObject({ url, objects }: NamedBucket, key: string): Promise<Located> {
  try {
    const found = await objects.look(key)
    if (found === null) throw new ObjectNotFoundError(key)
    const { etag, size, modifiedAt } = found
    return { from: objectLocation(url, key), etag, size, modifiedAt }
  } catch (error) {
    throw unreadable(error)
  }
}

function fileOf(
  path: string,
  open: () => AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>,
): Omit<SourceFile, 'locate'> {
  return { path, size: null, modifiedAt: null, crc32: null, open: () => read(open) }
}

async function* read(
  open: () => AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>,
): AsyncGenerator<Buffer> {
  try {
    yield* await open()
  } catch (error) {
    throw unreadable(error)
  }
}

function leaves(path: string): boolean {
  return path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')
}
