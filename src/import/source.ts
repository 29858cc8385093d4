import { createReadStream } from 'node:fs'
import { dirname } from 'node:path'
import { ObjectNotFoundError, SetupError } from '../errors.ts'
import type { SourceBucket } from '../storage/source-bucket.ts'
import type { Line } from './line.ts'
import { prefixLines } from './lists/bucket-prefix.ts'
import { csvLines } from './lists/csv-list.ts'
import { inventoryLines } from './lists/inventory.ts'
import { ndjsonLines } from './lists/ndjson-list.ts'
import { bucketPlace, folderPlace, type Place } from './lists/place.ts'
import { EXPORTS, recognise } from './recognise.ts'
import { openTrees } from './trees/open-trees.ts'

/** What is imported, whatever it lies in. */
export type Source = AsyncDisposable & {
  /** The system it comes from, under which its external ids are kept. */
  name: string
  lines(): AsyncIterable<Line>
}

export type SourceOptions = {
  /** Of the kinds of export, to take it for one; null to look. */
  as: string | null
  withOriginals: boolean
  /** Where the paths of a list lead from: a folder, or a bucket with a prefix; null for the list's own folder. */
  root: string | null
}

export type BucketToRead = Pick<SourceBucket, 'open' | 'look' | 'read' | 'entries'> & AsyncDisposable

export type SourceEngines = {
  /** A bucket by its `s3://` URL, to read from. Throws SetupError. */
  openBucket(url: string): Promise<BucketToRead>
  /** A folder for files that are needed while a source is read. */
  temporary: string
}

const LIST = /\.(?:csv|ndjson|jsonl)$/i

/**
 * Opens what the names say: folders and zips, as an export if they are one; one list; one prefix of a bucket; one manifest
 * of S3 Inventory. Throws SetupError.
 */
export async function openSource(
  names: readonly string[],
  options: SourceOptions,
  engines: SourceEngines,
): Promise<Source> {
  const [first = ''] = names
  const isOne = first.startsWith('s3:') || LIST.test(first)
  if (isOne && names.length > 1) throw new SetupError('Name one list or bucket at a time.')
  if (first.startsWith('s3:')) return await openBucketSource(first, options, engines)
  if (LIST.test(first)) return await openList(first, options, engines)
  return await openTreeSource(names, options)
}

async function openTreeSource(
  names: readonly string[],
  { as, withOriginals }: SourceOptions,
): Promise<Source> {
  await using opened = new AsyncDisposableStack()
  const tree = opened.use(await openTrees(names))
  const kind = as === null ? await recognise(tree) : EXPORTS.find(({ name }) => name === as)
  if (!kind)
    throw new SetupError(
      `There is no kind "${as}" of export. There are: ${EXPORTS.map(({ name }) => name).join(', ')}.`,
    )
  return owned(opened.move(), kind.name, () => kind.lines(tree, { withOriginals }))
}

async function openList(path: string, { root }: SourceOptions, engines: SourceEngines): Promise<Source> {
  await using opened = new AsyncDisposableStack()
  const place = await openRoot(root ?? dirname(path), engines, opened)
  const list = { name: path, open: async () => createReadStream(path) }
  return owned(opened.move(), 'list', () => linesOf(path)(list, place))
}

function linesOf(path: string): typeof csvLines {
  return /\.csv$/i.test(path) ? csvLines : ndjsonLines
}

async function openRoot(root: string, engines: SourceEngines, opened: AsyncDisposableStack): Promise<Place> {
  return root.startsWith('s3:') ? await openPlace(root, engines, opened) : folderPlace(root)
}

async function openPlace(
  url: string,
  { openBucket }: SourceEngines,
  opened: AsyncDisposableStack,
): Promise<Place> {
  const { bucket, path } = splitUrl(url)
  return bucketPlace({ url: bucket, objects: opened.use(await openBucket(bucket)) }, path)
}

async function openBucketSource(
  url: string,
  { root }: SourceOptions,
  engines: SourceEngines,
): Promise<Source> {
  const { bucket, path } = splitUrl(url)
  await using opened = new AsyncDisposableStack()
  const objects = opened.use(await engines.openBucket(bucket))
  if (LIST.test(path)) {
    // Its paths lead from where it lies, as those of a list in a folder do.
    const besides = () => bucketPlace({ url: bucket, objects }, path.replace(/[^/]*$/, ''))
    const place = root === null ? besides() : await openRoot(root, engines, opened)
    const open = async () =>
      await objects.open(path).catch((error) => {
        if (!(error instanceof ObjectNotFoundError)) throw error
        throw new SetupError(`There is no ${url}.`, { cause: error })
      })
    const list = { name: url, open }
    return owned(opened.move(), 'list', () => linesOf(path)(list, place))
  }
  if (!/(?:^|\/)manifest\.json$/.test(path))
    return owned(opened.move(), 's3', () => prefixLines({ url: bucket, objects }, path))
  const openBucket = async (name: string) => {
    const same = bucket.replace(/^s3:\/\/[^/?]*/, `s3://${name}`)
    return { url: same, objects: same === bucket ? objects : others.use(await engines.openBucket(same)) }
  }
  const others = opened.use(new AsyncDisposableStack())
  const places = { lists: objects, openBucket, temporary: engines.temporary }
  return owned(opened.move(), 's3', () => inventoryLines(places, path))
}

/** `s3://bucket/some/key?region=…`: the bucket with its parameters, and the key. */
function splitUrl(url: string): { bucket: string; path: string } {
  const [, bucket = '', path = '', query = ''] = /^s3:\/\/([^/?]+)\/?([^?]*)(\?.*)?$/.exec(url) ?? []
  if (bucket === '') throw new SetupError(`${url} names no bucket. Write it as s3://bucket/prefix.`)
  return { bucket: `s3://${bucket}${query}`, path }
}

function owned(opened: AsyncDisposableStack, name: string, lines: Source['lines']): Source {
  return { name, lines, [Symbol.asyncDispose]: async () => await opened.disposeAsync() }
}
