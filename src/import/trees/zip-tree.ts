import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { type Entry, getFileNameLowLevel, openPromise, validateFileName, type ZipFile } from 'yauzl'
import { SetupError } from '../../errors.ts'
import { refused, skipped, type ToldLine } from '../line.ts'
import { UnreadableFileError } from '../unreadable-file.ts'
import { isJunk } from './junk.ts'
import { folderOf, type Tree, type TreeFile } from './tree.ts'

const UTF8_NAMES = 0x800
/** Of the host that made an entry, and of its Unix mode: a symbolic link. */
const UNIX = 3
const MODE_TYPE = 0o170000
const MODE_LINK = 0o120000

/**
 * A zip, read where it lies: its directory is held, and a file is inflated when it is read. Zips past 4 GB too. Throws
 * SetupError when it is none, or was not downloaded whole.
 */
export async function openZipTree(path: string): Promise<Tree> {
  const zip = await openPromise(path, { autoClose: false, decodeStrings: false }).catch((error) => {
    throw notAZip(path, error)
  })
  const entries: (TreeFile | ToldLine)[] = []
  try {
    for await (const entry of zip.eachEntry()) {
      if (!pathOf(entry).endsWith('/')) entries.push(tell(zip, entry))
    }
  } catch (error) {
    zip.close()
    throw notAZip(path, error)
  }
  const folders = new Map(entries.map((entry) => [entry, folderOf(entry.path)]))
  const order = (a: TreeFile | ToldLine, b: TreeFile | ToldLine) =>
    compare(folders.get(a) ?? '', folders.get(b) ?? '') || compare(a.path, b.path)
  entries.sort(order)
  folders.clear()
  return {
    name: path,
    files: async function* () {
      yield* entries
    },
    [Symbol.asyncDispose]: async () => zip.close(),
  }
}

function tell(zip: ZipFile, entry: Entry): TreeFile | ToldLine {
  const path = pathOf(entry)
  if (validateFileName(path) !== null) return refused(path, 'unsafe_name', 'Its name leaves the archive.')
  const mode = entry.versionMadeBy >> 8 === UNIX ? entry.externalFileAttributes >>> 16 : 0
  if ((mode & MODE_TYPE) === MODE_LINK) return skipped(path, 'symlink', 'Links are not followed.')
  if (isJunk(path)) return skipped(path, 'junk', 'A system left it there.')
  if (entry.isEncrypted()) return refused(path, 'encrypted', 'It is encrypted. Unpack the archive first.')
  if (!entry.canDecodeFileData()) {
    const message = `It is compressed by the method ${entry.compressionMethod}, which is not supported. Unpack the archive first.`
    return refused(path, 'unsupported_compression', message)
  }
  return {
    path,
    size: entry.uncompressedSize,
    // Of whatever time zone: nobody wrote down which.
    modifiedAt: entry.getLastModDate({ timezone: 'UTC' }),
    crc32: entry.crc32,
    locate: null,
    open: () => inflate(zip, entry),
  }
}

/** In UTF-8 where it can be: many programs write it and do not say so. */
function pathOf(entry: Entry): string {
  const isUtf8Name = isUtf8(entry.fileNameRaw)
  const flags = entry.generalPurposeBitFlag | (isUtf8Name ? UTF8_NAMES : 0)
  const name = getFileNameLowLevel(flags, entry.fileNameRaw, entry.extraFields, false)
  return name.replace(/^(\.\/)+/, '')
}

async function* inflate(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  let sum = 0
  try {
    for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum)
      yield chunk
    }
  } catch (error) {
    throw damaged(error)
  }
  if (sum !== entry.crc32) throw damaged(new Error('Its checksum is another.'))
}

function damaged(error: unknown): UnreadableFileError {
  return new UnreadableFileError(
    `The archive is damaged here: ${error instanceof Error ? error.message : error}`,
    'corrupt_archive',
    { cause: error },
  )
}

function notAZip(path: string, error: unknown): SetupError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return new SetupError(`There is no ${path}.`, { cause: error })
  if (code === 'EACCES') return new SetupError(`${path} is not ours to read.`, { cause: error })
  return new SetupError(`${path} is no zip, or was not downloaded whole (${message}). Download it again.`, {
    cause: error,
  })
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
