import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { EngineUnavailableError, FilterMissingError, InvalidCubeError } from '../errors.ts'
import type { ColorTable } from '../photo/look/color-table.ts'
import { compileFilter } from '../photo/look/compile-filter.ts'
import { type Cube, parseCube } from '../photo/look/cube.ts'
import { type Effects, NO_EFFECTS } from '../photo/look/effects.ts'
import { type FilterName, filterNameOf, type KeptFilter, MAX_FILTER_NAME } from '../photo/look/filter.ts'
import { filterDigest } from '../photo/look/filter-digest.ts'
import DIGESTS from '../photo/look/filters/digests.json' with { type: 'json' }
import { FILTERS } from '../photo/look/filters.ts'
import type { AppliedLook, DigestedFilter, Look } from '../photo/look/look.ts'

/** A filter ready for use: what apps show of it, its table and effects, and the digest of both. */
export type BookedFilter = {
  name: FilterName
  /** Comes with Darkroom, from a file of the operator's, or is kept in the catalog, where it may change. */
  origin: 'own' | 'file' | 'kept'
  title: string
  description: string
  /** Throws FilterMissingError when it has another by now, or none. */
  table(): Promise<ColorTable>
  effects: Effects
  digest: string
}

/** Of each that is kept. */
export const KEPT = { origin: 'kept', description: 'Kept by an operator', effects: NO_EFFECTS } as const

/** A file of the operator's that is no filter, and why, in one line. */
export type BadCubeFile = { path: string; reason: string }

/** No .cube of 65 points an axis is larger. */
const MAX_FILE_CHARACTERS = 50e6

/** Where filters are kept besides: the catalog. */
export type FilterKeeper = {
  all(): Promise<KeptFilter[]>
  table(filter: KeptFilter): Promise<ColorTable | null>
}

/** Of kept ones, these many tables stay in the process: 3 MB each at most. */
const MOST_TABLES = 8

/**
 * Every filter there is: our own, those of the operator's `.cube` files, and those that are kept in the catalog, of which it
 * knows what it last read there.
 */
export class FilterBook {
  readonly #fixed: ReadonlyMap<string, BookedFilter>
  readonly #keeper: FilterKeeper | null
  readonly #tables = new LRUCache<string, ColorTable>({ max: MOST_TABLES })
  readonly badFiles: readonly BadCubeFile[]
  #kept: ReadonlyMap<string, BookedFilter> = new Map()
  #looking: Promise<void> | null = null
  /** By performance.now(). */
  #lookedAt = -Infinity

  constructor(
    filters: readonly BookedFilter[],
    {
      badFiles = [],
      keeper = null,
    }: { badFiles?: readonly BadCubeFile[]; keeper?: FilterKeeper | null } = {},
  ) {
    this.#fixed = new Map(filters.map((filter) => [filter.name, filter]))
    this.badFiles = badFiles
    this.#keeper = keeper
  }

  get all(): readonly BookedFilter[] {
    const kept = [...this.#kept.values()].filter(({ name }) => !this.#fixed.has(name))
    return [...this.#fixed.values(), ...kept]
  }

  /** What decides the pixels of each. */
  get digests(): DigestedFilter[] {
    return this.all.map(({ name, digest }) => ({ filter: name, digest }))
  }

  /** Null when there is no filter of that name, as far as is known. */
  find(name: string): BookedFilter | null {
    return this.#fixed.get(name) ?? this.#kept.get(name) ?? null
  }

  /** The filter of a look that was asked for once. Throws FilterMissingError when it is not here any more. */
  get(name: FilterName): BookedFilter {
    const filter = this.find(name)
    if (!filter) throw new FilterMissingError(name)
    return filter
  }

  /** The look with the digest of its filter. Throws FilterMissingError. */
  applied(look: Look): AppliedLook {
    return { ...look, digest: this.get(look.filter).digest }
  }

  /**
   * Looks in the catalog what a filter is that is neither our own nor a file's, so that it is known as it is there now. One that
   * is known may be used while the catalog is unavailable; else throws EngineUnavailableError.
   */
  async learn(name: string | undefined): Promise<void> {
    if (name === undefined || this.#fixed.has(name)) return
    await this.look().catch((error) => {
      if (!(error instanceof EngineUnavailableError) || !this.#kept.has(name)) throw error
    })
  }

  /** Reads what is kept in the catalog, unless that was done so short a time ago. Throws EngineUnavailableError. */
  async look({ withinMs = 0 } = {}): Promise<void> {
    if (!this.#keeper || performance.now() - this.#lookedAt < withinMs) return
    // What was begun before may have seen less than there is now.
    await this.#looking?.catch(() => {})
    this.#looking ??= this.#read(this.#keeper).finally(() => {
      this.#looking = null
    })
    await this.#looking
  }

  async #read(keeper: FilterKeeper): Promise<void> {
    const kept = await keeper.all()
    this.#kept = new Map(kept.map((filter) => [filter.name, this.#bookedOf(filter, keeper)]))
    this.#lookedAt = performance.now()
  }

  #bookedOf(filter: KeptFilter, keeper: FilterKeeper): BookedFilter {
    const { name, digest } = filter
    const table = async () => {
      const known = this.#tables.get(digest) ?? (await keeper.table(filter))
      if (!known) throw new FilterMissingError(name)
      this.#tables.set(digest, known)
      return known
    }
    return { ...filter, ...KEPT, table }
  }
}

/** Our own filters alone. */
export function ownFilters(): FilterBook {
  return new FilterBook(OWN)
}

/**
 * Our own filters and one for each `.cube` file of the folder, named after the file; no folder is no files. What
 * can't be used is listed in `badFiles` and harms nothing else. Files are read once: a change wants a new start. What
 * `keeper` has is read when it is looked for.
 */
export async function openFilterBook(
  folder: string,
  keeper: FilterKeeper | null = null,
): Promise<FilterBook> {
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
  return new FilterBook([...booked.values()], { badFiles, keeper })
}

const KNOWN: Readonly<Record<string, string>> = DIGESTS

const OWN: readonly BookedFilter[] = Array.from(FILTERS, ([name, filter]) => {
  // Compiled when first asked for: few processes need them all, and 33 take three seconds.
  const table = once(() => compileFilter(filter))
  const { title, description, vignette, grain } = filter
  const effects = { vignette, grain }
  const digest = KNOWN[name] ?? filterDigest(table(), effects)
  return { name, origin: 'own', title, description, table: async () => table(), effects, digest }
})

function fromCube(name: FilterName, file: string, { title, table }: Cube): BookedFilter {
  return {
    name,
    origin: 'file',
    title: title ?? file.replace(/\.cube$/i, ''),
    description: `From ${file}`,
    table: async () => table,
    effects: NO_EFFECTS,
    digest: filterDigest(table),
  }
}

function nameOf(file: string): FilterName {
  const name = filterNameOf(file)
  if (name === '' || name.length > MAX_FILTER_NAME) {
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
