import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FilterMissingError, InvalidCubeError } from '../errors.ts'
import type { ColorTable } from '../photo/color-table.ts'
import { compileFilter } from '../photo/compile-filter.ts'
import { type Cube, parseCube } from '../photo/cube.ts'
import type { FilterName } from '../photo/filter.ts'
import DIGESTS from '../photo/filters/digests.json' with { type: 'json' }
import { FILTERS } from '../photo/filters.ts'
import type { AppliedLook, FilterTable, Look } from '../photo/look.ts'
import { tableDigest } from '../photo/table-digest.ts'

/** A filter ready for use: what apps show of it, its table, and the digest of the table's content. */
export type BookedFilter = {
  name: FilterName
  /** Comes with Darkroom; the others are the operator's. */
  isOwn: boolean
  title: string
  description: string
  table(): ColorTable
  digest: string
}

/** A file of the operator's that is no filter, and why, in one line. */
export type BadCubeFile = { path: string; reason: string }

/** No .cube of 65 points an axis is larger. */
const MAX_FILE_CHARACTERS = 50e6

/** Every filter there is: our own, and those of the operator's `.cube` files. */
export class FilterBook {
  readonly #filters: ReadonlyMap<string, BookedFilter>
  readonly badFiles: readonly BadCubeFile[]

  constructor(filters: readonly BookedFilter[], badFiles: readonly BadCubeFile[] = []) {
    this.#filters = new Map(filters.map((filter) => [filter.name, filter]))
    this.badFiles = badFiles
  }

  get all(): readonly BookedFilter[] {
    return [...this.#filters.values()]
  }

  /** What decides the pixels of each. */
  get tables(): FilterTable[] {
    return this.all.map(({ name, digest }) => ({ filter: name, table: digest }))
  }

  /** Null when there is no filter of that name. */
  find(name: string): BookedFilter | null {
    return this.#filters.get(name) ?? null
  }

  /** The filter of a look that was asked for once. Throws FilterMissingError when it is not here any more. */
  get(name: FilterName): BookedFilter {
    const filter = this.find(name)
    if (!filter) throw new FilterMissingError(name)
    return filter
  }

  /** The look with the digest of its table. Throws FilterMissingError. */
  applied(look: Look): AppliedLook {
    return { ...look, table: this.get(look.filter).digest }
  }
}

/** Our own filters alone. */
export function ownFilters(): FilterBook {
  return new FilterBook(OWN)
}

/**
 * Our own filters and one for each `.cube` file of the folder, named after the file; no folder is no files. What
 * can't be used is listed in `badFiles` and harms nothing else. Files are read once: a change wants a new start.
 */
export async function openFilterBook(folder: string): Promise<FilterBook> {
  const booked = new Map<string, BookedFilter>(OWN.map((filter) => [filter.name, filter]))
  const badFiles: BadCubeFile[] = []
  for (const file of await cubeFiles(folder)) {
    const path = join(folder, file)
    try {
      const name = nameOf(file)
      if (booked.has(name)) throw new InvalidCubeError(`the name "${name}" is taken; rename the file`)
      booked.set(name, fromCube(name, file, parseCube(await readText(path))))
    } catch (error) {
      badFiles.push({ path, reason: (error as Error).message })
    }
  }
  return new FilterBook([...booked.values()], badFiles)
}

const KNOWN: Readonly<Record<string, string>> = DIGESTS

const OWN: readonly BookedFilter[] = Array.from(FILTERS, ([name, filter]) => {
  // Compiled when first asked for: few processes need them all, and 33 take three seconds.
  const table = once(() => compileFilter(filter))
  const { title, description } = filter
  return { name, isOwn: true, title, description, table, digest: KNOWN[name] ?? tableDigest(table()) }
})

function fromCube(name: FilterName, file: string, { title, table }: Cube): BookedFilter {
  return {
    name,
    isOwn: false,
    title: title ?? file.replace(/\.cube$/i, ''),
    description: `From ${file}`,
    table: () => table,
    digest: tableDigest(table),
  }
}

/** `Kodak 2383 (D65).cube` is `kodak-2383-d65`. */
function nameOf(file: string): FilterName {
  const name = file
    .replace(/\.cube$/i, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  if (name === '' || name.length > 64) {
    throw new InvalidCubeError('the file name must hold 1 to 64 Latin letters and digits')
  }
  return name as FilterName
}

async function cubeFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((file) => /^[^.].*\.cube$/i.test(file)).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8')
  if (text.length > MAX_FILE_CHARACTERS)
    throw new InvalidCubeError('the file is too large for a table of 65 points')
  return text
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
