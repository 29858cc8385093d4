import { createHash } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { SetupError } from '../src/errors.ts'
import { openSource } from '../src/import/source.ts'
import { DiskStore } from '../src/storage/disk-store.ts'
import { asSourceBucket } from './support/source-bucket.ts'
import { outcomesOf, temporaryFolder, writeContents } from './support/sources.ts'

const OPTIONS = { as: null, withOriginals: false, root: null }
const NO_BUCKETS = { openBucket: async () => expect.fail('no bucket was named'), temporary: '/nowhere' }

async function readList(name: string, text: string, folder: string) {
  await writeFile(join(folder, name), text)
  await using source = await openSource([join(folder, name)], OPTIONS, NO_BUCKETS)
  return await Array.fromAsync(source.lines())
}

describe('a list', () => {
  test('says the same in CSV and in NDJSON, under headings written as other systems do', async () => {
    await using folder = await temporaryFolder()
    const csv = await readList(
      'list.csv',
      '\ufeffPath,Owner,posted_at,external-id,visibility,filter,strength,focus,alt,likes\r\n' +
        'a.jpg,alice,2019-07-01T10:00:00+02:00,7,private,mono,0.5,"0.25,1","Two\nlines, and ""quotes""",9\r\n' +
        '"b, c.jpg",,1561968000,,,,,,,\r\n',
      folder.path,
    )
    const ndjson = await readList(
      'list.ndjson',
      `\ufeff${JSON.stringify({ key: 'a.jpg', owner: 'alice', postedAt: 1561968000000, externalId: 7, visibility: 'private', filter: 'mono', strength: 0.5, focus: { x: 0.25, y: 1 }, alt: 'Two\nlines, and "quotes"', likes: [9] })}\n` +
        `\n${JSON.stringify({ key: 'b, c.jpg', postedAt: '2019-07-01T08:00:00Z', alt: null })}`,
      folder.path,
    )

    const facts = {
      owner: 'alice',
      postedAt: new Date('2019-07-01T08:00:00Z'),
      externalId: '7',
      visibility: 'private',
      filter: 'mono',
      strength: 0.5,
      focus: { x: 0.25, y: 1 },
      alt: 'Two\nlines, and "quotes"',
    }
    for (const lines of [csv, ndjson]) {
      expect(lines).toMatchObject([
        { kind: 'file', file: { path: 'a.jpg' }, facts },
        {
          kind: 'file',
          file: { path: 'b, c.jpg' },
          facts: { owner: null, postedAt: facts.postedAt, alt: null },
        },
      ])
    }
  })

  test('opens files beside it, and tells those that are not there', async () => {
    await using folder = await temporaryFolder()
    await writeContents(folder.path, { 'photos/a.jpg': 'bytes' })

    const lines = await readList('list.csv', 'path\nphotos/a.jpg\nphotos/b.jpg\n', folder.path)
    const read = lines.map(async (line) =>
      line.kind === 'file' ? (await buffer(Readable.from(line.file.open()))).toString() : line.kind,
    )

    expect(await Promise.allSettled(read)).toMatchObject([
      { status: 'fulfilled', value: 'bytes' },
      { status: 'rejected', reason: { code: 'file_missing' } },
    ])
  })

  test.each([
    ['owner', 'al ice'],
    ['postedAt', 'yesterday'],
    ['postedAt', '2019-02-30'],
    ['visibility', 'friends'],
    ['strength', '2'],
    ['focus', '0.5'],
  ])('refuses the line alone in which %s is "%s", and says which it is', async (column, text) => {
    await using folder = await temporaryFolder()

    const lines = await readList('list.csv', `path,${column}\na.jpg,${text}\nb.jpg,\n`, folder.path)

    expect(lines).toMatchObject([
      { kind: 'refused', path: 'a.jpg', code: 'invalid_line', message: expect.stringContaining('Line 2') },
      { kind: 'file' },
    ])
  })

  test('refuses lines of too many fields, of no path, and that lead out of its folder', async () => {
    await using folder = await temporaryFolder()

    const csv = await readList('list.csv', 'path,alt\na.jpg,b,c\n,x\n../a.jpg,\n/etc/a.jpg,\n', folder.path)
    const ndjson = await readList('list.jsonl', '{"path":\n7\n{"path":["a"]}\n{"alt":"x"}\n', folder.path)

    expect(csv.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'refused', 'refused'])
    expect(ndjson.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'refused', 'refused'])
  })

  test.each([
    ['list.csv', 'url;owner\nhttp://a;b\n'],
    ['list.csv', ''],
    ['list.csv', 'path,key\na,b\n'.replace('key', 'Path')],
    ['list.csv', 'path\n"never closed\n'],
    ['list.ndjson', `{"path":"${'a'.repeat(1_200_000)}`],
  ])('that is none is refused as a whole: %s', async (name, text) => {
    await using folder = await temporaryFolder()

    await expect(readList(name, text, folder.path)).rejects.toThrow(SetupError)
  })
})

const MANIFEST = 'lists/photos/daily/2024-05-01T00-00Z/manifest.json'
const SCHEMA = 'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, StorageClass'

type Version = { key: string; isLatest?: boolean; isDeleted?: boolean; storageClass?: string }

function csvOf(versions: readonly Version[]): Buffer {
  const encode = (key: string) => encodeURIComponent(key).replaceAll('%20', '+')
  const rows = versions.map(
    ({ key, isLatest = true, isDeleted = false, storageClass = 'STANDARD' }) =>
      `"photos","${encode(key)}","v","${isLatest}","${isDeleted}","5","2024-05-01T00:00:00.000Z","${storageClass}"\n`,
  )
  return gzipSync(rows.join(''))
}

function parquetOf(versions: readonly Version[]): Buffer {
  const column = (name: string, read: (version: Version) => unknown) => ({
    name,
    data: versions.map(read) as string[],
  })
  return Buffer.from(
    parquetWriteBuffer({
      columnData: [
        column('bucket', () => 'photos'),
        column('key', ({ key }) => key),
        column('is_latest', ({ isLatest = true }) => isLatest),
        column('is_delete_marker', ({ isDeleted = false }) => isDeleted),
        column('size', () => 5n),
        column('storage_class', ({ storageClass = 'STANDARD' }) => storageClass),
      ],
      rowGroupSize: 2,
    }),
  )
}

/** A bucket with an inventory in it, whose list is in two files, and the bucket that it is of. */
async function openInventory(fileFormat: string, lists: readonly Buffer[]) {
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(await temporaryFolder())
  const bucket = opened.use(await DiskStore.open(join(folder.path, 'inventories')))
  const put = async (key: string, body: Buffer) => await bucket.put(key, body)
  const files = lists.map((body, n) => ({
    key: `lists/photos/daily/data/${n}`,
    size: body.length,
    MD5checksum: createHash('md5').update(body).digest('hex'),
  }))
  const manifest = Buffer.from(
    JSON.stringify({
      sourceBucket: 'photos',
      destinationBucket: 'arn:aws:s3:::inventories',
      version: '2016-11-30',
      creationTimestamp: '1714521600000',
      fileFormat,
      fileSchema: SCHEMA,
      files,
    }),
  )
  for (const [n, body] of lists.entries()) await put(files[n]?.key ?? '', body)
  await put(MANIFEST, manifest)
  const temporary = join(folder.path, 'temporary')
  await mkdir(temporary)
  const disposal = opened.move()
  const md5 = createHash('md5').update(manifest).digest('hex')
  return {
    put,
    putChecksum: async () => await put(MANIFEST.replace('.json', '.checksum'), Buffer.from(`${md5}\n`)),
    temporary,
    read: async () => {
      const openBucket = async (url: string) =>
        asSourceBucket(await DiskStore.open(join(folder.path, url.slice('s3://'.length))))
      await using source = await openSource([`s3://inventories/${MANIFEST}`], OPTIONS, {
        openBucket,
        temporary,
      })
      return await outcomesOf(source.lines())
    },
    [Symbol.asyncDispose]: async () => await disposal.disposeAsync(),
  }
}

const VERSIONS: readonly Version[] = [
  { key: 'old/a b+c.jpg' },
  { key: 'old/100%.jpg' },
  { key: 'old/%2520.jpg' },
  { key: 'old/é.jpg' },
  { key: 'old/folder/' },
  { key: 'old/earlier.jpg', isLatest: false },
  { key: 'old/deleted.jpg', isDeleted: true },
  { key: 'old/cold.jpg', storageClass: 'DEEP_ARCHIVE' },
  { key: 'old/.DS_Store' },
]

describe('an S3 Inventory', () => {
  test.each([
    ['CSV', csvOf],
    ['Parquet', parquetOf],
  ])('in %s tells what is in the bucket now, under the keys that it has', async (format, write) => {
    await using inventory = await openInventory(format, [
      write(VERSIONS.slice(0, 3)),
      write(VERSIONS.slice(3)),
    ])
    await inventory.putChecksum()

    const outcomes = await inventory.read()

    const taken = ['old/a b+c.jpg', 'old/100%.jpg', 'old/%2520.jpg', 'old/é.jpg']
    expect(Object.keys(outcomes)).toEqual([...taken, 'old/cold.jpg', 'old/.DS_Store'])
    for (const key of taken) expect(outcomes[key]).toMatchObject({ externalId: key })
    expect(outcomes['old/cold.jpg']).toBe('refused: object_archived')
    expect(outcomes['old/.DS_Store']).toBe('skipped: junk')
    expect(await readdir(inventory.temporary)).toEqual([])
  })

  test('whose key can not be read refuses that line', async () => {
    const row = '"photos","%E0%A4","v","true","false","5","2024","STANDARD"\n'
    await using inventory = await openInventory('CSV', [gzipSync(row)])
    await inventory.putChecksum()

    expect(Object.values(await inventory.read())).toEqual(['refused: invalid_line'])
  })

  test('is believed only when every checksum is right', async () => {
    await using inventory = await openInventory('CSV', [csvOf(VERSIONS)])
    await expect(inventory.read()).rejects.toThrow('not complete yet')

    await inventory.putChecksum()
    await inventory.put('lists/photos/daily/data/0', csvOf(VERSIONS.toReversed()))
    await expect(inventory.read()).rejects.toThrow('damaged')

    await inventory.put(MANIFEST, Buffer.from('{}'))
    await expect(inventory.read()).rejects.toThrow('damaged')
  })

  test('in ORC is refused, with what to do', async () => {
    await using inventory = await openInventory('ORC', [])
    await inventory.putChecksum()

    await expect(inventory.read()).rejects.toThrow('CSV or Parquet')
  })
})

test('the objects under a prefix are lines, their keys their names', async () => {
  await using folder = await temporaryFolder()
  await using bucket = await DiskStore.open(folder.path)
  for (const key of ['old/a.jpg', 'old/b.jpg', 'older/c.jpg']) await bucket.put(key, Buffer.from(key))
  const openBucket = async (url: string) => {
    expect(url).toBe('s3://photos?region=eu-west-1')
    return asSourceBucket(bucket)
  }

  await using source = await openSource(['s3://photos/old/?region=eu-west-1'], OPTIONS, {
    openBucket,
    temporary: folder.path,
  })
  const lines = await Array.fromAsync(source.lines())

  expect(lines).toMatchObject([
    { file: { path: 'old/a.jpg' }, facts: { externalId: 'old/a.jpg' } },
    { file: { path: 'old/b.jpg' } },
  ])
})
