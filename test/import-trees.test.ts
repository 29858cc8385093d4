import { open, rename, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { SetupError } from '../src/errors.ts'
import { openTrees } from '../src/import/trees/open-trees.ts'
import { isFile, type Tree } from '../src/import/trees/tree.ts'
import { type Contents, temporaryFolder, writeContents, writeZip } from './support/sources.ts'

const FILES: Contents = {
  'a.jpg': 'a',
  'b/c.jpg': Buffer.alloc(300_000, 'c'),
  'b/é.jpg': 'é',
  'empty.jpg': '',
  'b/.DS_Store': 'x',
  'b/@eaDir/c.jpg/SYNOFILE_THUMB_M.jpg': 'x',
  '__MACOSX/._a.jpg': 'x',
  'b/.trashed-1-d.jpg': 'x',
}

/** What a tree says: the bytes of each file, or the code of what is told. */
async function contentsOf(tree: Tree): Promise<Record<string, string>> {
  const contents: Record<string, string> = {}
  for await (const entry of tree.files()) {
    contents[entry.path] = isFile(entry)
      ? (await buffer(Readable.from(entry.open()))).toString()
      : `(${entry.code})`
  }
  return contents
}

describe('a tree', () => {
  test('is the same of a folder and of a zip, of more than 4 GB or less', async () => {
    await using folder = await temporaryFolder()
    await writeContents(join(folder.path, 'files'), FILES)
    await writeZip(join(folder.path, 'one.zip'), FILES)
    await writeZip(join(folder.path, 'two.zip'), FILES, { zip64: true })

    const expected = {
      'a.jpg': 'a',
      'empty.jpg': '',
      'b/.DS_Store': '(junk)',
      'b/.trashed-1-d.jpg': '(junk)',
      'b/c.jpg': 'c'.repeat(300_000),
      'b/é.jpg': 'é',
      'b/@eaDir/c.jpg/SYNOFILE_THUMB_M.jpg': '(junk)',
      '__MACOSX/._a.jpg': '(junk)',
    }
    for (const name of ['files', 'one.zip', 'two.zip']) {
      await using tree = await openTrees([join(folder.path, name)])
      expect(await contentsOf(tree)).toEqual(expected)
      // Once more, in the same order.
      expect(Object.keys(await contentsOf(tree))).toEqual(Object.keys(await contentsOf(tree)))
    }
  })

  test('of several parts has the name of the part before each path', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [join(folder.path, 'one.zip'), join(folder.path, 'two')]
    await writeZip(one, { 'a.jpg': '1' })
    await writeContents(two, { 'a.jpg': '2' })

    await using tree = await openTrees([one, two])

    expect(await contentsOf(tree)).toEqual({ [`${one}/a.jpg`]: '1', [`${two}/a.jpg`]: '2' })
  })

  test('of a folder with nothing but zips is that of the zips', async () => {
    await using folder = await temporaryFolder()
    await writeZip(join(folder.path, 'one.zip'), { 'a.jpg': '1' })
    await writeZip(join(folder.path, 'two.zip'), { 'b.jpg': '2' })
    await writeContents(folder.path, { '.DS_Store': 'x' })

    await using tree = await openTrees([folder.path])

    expect(Object.values(await contentsOf(tree))).toEqual(['1', '2'])
  })

  test('follows no links, and goes on past what is not ours to read and names of other encodings', async () => {
    await using folder = await temporaryFolder()
    await writeContents(folder.path, { 'a.jpg': 'a', 'x.jpg': 'x' })
    await symlink('..', join(folder.path, 'loop'))
    await symlink('a.jpg', join(folder.path, 'link.jpg'))
    const latin1 = Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from('caf\xe9.jpg', 'latin1')])
    await rename(join(folder.path, 'x.jpg'), latin1)

    await using tree = await openTrees([folder.path])

    expect(await contentsOf(tree)).toEqual({
      'a.jpg': 'a',
      'caf\ufffd.jpg': 'x',
      'link.jpg': '(symlink)',
      loop: '(symlink)',
    })
  })
})

describe('a zip', () => {
  test('that was not downloaded whole, or is none, is refused before anything is read', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'a.zip')
    await writeZip(path, FILES)
    await truncate(path, 400)
    await writeFile(join(folder.path, 'b.zip'), 'no zip')

    for (const name of ['a.zip', 'b.zip', 'c.zip'])
      await expect(openTrees([join(folder.path, name)])).rejects.toThrow(SetupError)
  })

  test('that is damaged within gives the files that are not', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'a.zip')
    // Of bytes that deflate makes no smaller, so that what is damaged is the file and not its coding.
    const noise = Buffer.from(Array.from({ length: 50_000 }, (_, n) => (n * 7919 * (n % 251)) % 256))
    await writeZip(path, { 'a.jpg': noise, 'b.jpg': 'b' })
    await using file = await open(path, 'r+')
    await file.write(Buffer.from([1, 2, 3, 4]), 0, 4, 20_000)

    await using tree = await openTrees([path])
    const files = (await Array.fromAsync(tree.files())).filter(isFile)
    const read = files.map(async (each) => (await buffer(Readable.from(each.open()))).toString())

    expect(await Promise.allSettled(read)).toMatchObject([
      { status: 'rejected', reason: { code: 'corrupt_archive' } },
      { status: 'fulfilled', value: 'b' },
    ])
  })
})
