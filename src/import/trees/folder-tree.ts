import { createReadStream, type Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { fileLocation } from '../../storage/location.ts'
import { refused, skipped, type ToldLine } from '../line.ts'
import { unreadable } from '../unreadable-file.ts'
import { isJunk } from './junk.ts'
import type { Tree, TreeFile } from './tree.ts'

const CHUNK_BYTES = 256 * 1024
const SEPARATOR = Buffer.from('/')

/**
 * A folder with all that is in it. Links are told and not followed, so it has an end; a folder that can't be read is
 * told, and the others are. Memory is that of the names of one folder and those above it.
 *
 * @NOTE Names are bytes until they are told: those of another encoding could not be opened by what they decode to.
 */
export function folderTree(root: string): Tree {
  return {
    name: root,
    files: () => walk(Buffer.from(root), ''),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function* walk(folder: Buffer, path: string): AsyncGenerator<TreeFile | ToldLine> {
  let entries: Dirent<Buffer>[]
  try {
    entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    yield refused(
      path || '.',
      'unreadable',
      `${unreadable(error).message} What is in the folder is not known.`,
    )
    return
  }
  entries.sort((a, b) => Buffer.compare(a.name, b.name))
  const at = (name: Buffer) => ({
    place: Buffer.concat([folder, SEPARATOR, name]),
    path: `${path === '' ? '' : `${path}/`}${name.toString()}`,
  })
  for (const entry of entries) if (!entry.isDirectory()) yield await tell(entry, at(entry.name))
  for (const entry of entries) {
    const inner = at(entry.name)
    if (entry.isDirectory()) yield* walk(inner.place, inner.path)
  }
}

async function tell(
  entry: Dirent<Buffer>,
  { place, path }: { place: Buffer; path: string },
): Promise<TreeFile | ToldLine> {
  if (entry.isSymbolicLink()) return skipped(path, 'symlink', 'Links are not followed.')
  if (!entry.isFile()) return skipped(path, 'not_a_file', 'It is no file.')
  if (isJunk(path)) return skipped(path, 'junk', 'A system left it there.')
  try {
    const { size, mtime } = await lstat(place)
    return {
      path,
      size,
      modifiedAt: mtime,
      crc32: null,
      open: () => read(place),
      locate: async () => ({ from: fileLocation(place), etag: null, size, modifiedAt: mtime }),
    }
  } catch (error) {
    const { code, message } = unreadable(error)
    return refused(path, code, message)
  }
}

async function* read(place: Buffer): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(place, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>
  } catch (error) {
    throw unreadable(error)
  }
}
