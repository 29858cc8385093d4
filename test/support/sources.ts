import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import type { Facts, Line } from '../../src/import/line.ts'
import { recognise } from '../../src/import/recognise.ts'
import type { Tree } from '../../src/import/trees/tree.ts'

/** What is written to each path; JSON for what is no text and no bytes. */
export type Contents = Readonly<Record<string, Buffer | string | object>>

export function bytesOf(content: Contents[string]): Buffer {
  if (Buffer.isBuffer(content)) return content
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
}

/** A tree that lies nowhere but in memory. */
export function treeOf(contents: Contents): Tree {
  return {
    name: 'tree',
    files: async function* () {
      for (const [path, content] of Object.entries(contents)) {
        const bytes = bytesOf(content)
        const open = () => Readable.from(bytes.length > 0 ? [bytes] : [])
        yield { path, size: bytes.length, modifiedAt: null, crc32: null, locate: null, open }
      }
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-import-'))
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) }
}

export async function writeContents(folder: string, contents: Contents): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytesOf(content))
  }
}

export async function writeZip(
  path: string,
  contents: Contents,
  { zip64 = false }: { zip64?: boolean } = {},
): Promise<void> {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(contents))
    zip.addBuffer(bytesOf(content), name, { forceZip64Format: zip64, mtime: new Date(0) })
  zip.end({ forceZip64Format: zip64, comment: '' })
  await pipeline(zip.outputStream, createWriteStream(path))
}

/** What becomes of each path: the facts of a file, or the code of what is told, `= PATH` of a duplicate. */
export type Outcomes = Record<string, Facts | string>

export async function outcomesOf(lines: AsyncIterable<Line>): Promise<Outcomes> {
  const outcomes: Outcomes = {}
  for await (const line of lines) {
    const path = line.kind === 'file' ? line.file.path : line.path
    if (path in outcomes) throw new Error(`${path} has two lines`)
    outcomes[path] =
      line.kind === 'file'
        ? line.facts
        : line.kind === 'duplicate'
          ? `= ${line.of}`
          : `${line.kind}: ${line.code}`
  }
  return outcomes
}

/** What a tree is taken for, and what becomes of its files. */
export async function readTree(tree: Tree, { withOriginals = false } = {}) {
  const kind = await recognise(tree)
  return { kind: kind.name, outcomes: await outcomesOf(kind.lines(tree, { withOriginals })) }
}
