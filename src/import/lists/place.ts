import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { ObjectStore } from '../../storage/object-store.ts'
import type { SourceFile } from '../line.ts'
import { unreadable } from '../unreadable-file.ts'

/** Where the files lie that a list names: a folder or a bucket. */
export type Place = {
  /** The file of a path from there; it may not be there when it is opened. Null for a path that leads elsewhere. */
  file(path: string): SourceFile | null
}

/** Files of a folder, by a path that stays in it. Links within are the operator's own. */
export function folderPlace(root: string): Place {
  return {
    file: (path) => (leaves(path) ? null : fileOf(path, () => createReadStream(join(root, path)))),
  }
}

/** Objects of a bucket, by the rest of their key behind the prefix. */
export function bucketPlace(objects: Pick<ObjectStore, 'open'>, prefix = ''): Place {
  return { file: (path) => fileOf(path, async () => await objects.open(`${prefix}${path}`)) }
}

function fileOf(
  path: string,
  open: () => AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>,
): SourceFile {
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
