import { globSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { buildConsole } from './support/built-console.ts'

const DIST = join(import.meta.dirname, '../console/dist')
/** Compressed by brotli, as browsers take it. */
const FIRST_VIEW_BYTES = 80_000
const ALL_BYTES = 200_000

type Chunk = { file: string; isEntry?: boolean; imports?: string[]; css?: string[]; assets?: string[] }

beforeAll(async () => await buildConsole())

/** What of those files goes over the wire, the largest first. */
async function weigh(files: Iterable<string>): Promise<{ total: number; said: string[] }> {
  const weighed = await Promise.all(
    [...files].map(async (file) => {
      const { size } = await stat(join(DIST, `${file}.br`)).catch(() => stat(join(DIST, file)))
      return { file, size }
    }),
  )
  const total = weighed.reduce((sum, { size }) => sum + size, 0)
  return {
    total,
    said: weighed.toSorted((a, b) => b.size - a.size).map(({ file, size }) => `${size} ${file}`),
  }
}

/** The page, its entry, and all that this imports before anything is seen. */
async function firstView(): Promise<Set<string>> {
  const manifest = JSON.parse(await readFile(join(DIST, '.vite/manifest.json'), 'utf8')) as Record<
    string,
    Chunk
  >
  const files = new Set(['index.html'])
  const add = (name: string) => {
    const { file, imports = [], css = [], assets = [] } = manifest[name] as Chunk
    if (files.has(file)) return
    for (const one of [file, ...css, ...assets]) files.add(one)
    for (const other of imports) add(other)
  }
  for (const [name, { isEntry }] of Object.entries(manifest)) if (isEntry) add(name)
  return files
}

test('the first view of the console is at most 80 kB', async () => {
  const { total, said } = await weigh(await firstView())

  expect(total, said.join('\n')).toBeLessThanOrEqual(FIRST_VIEW_BYTES)
  expect(said.length).toBeGreaterThanOrEqual(3)
})

test('all of the console is at most 200 kB', async () => {
  const { total, said } = await weigh(
    globSync('{index.html,console/assets/*}', { cwd: DIST }).filter((file) => !/\.(br|gz)$/.test(file)),
  )

  expect(total, said.join('\n')).toBeLessThanOrEqual(ALL_BYTES)
  expect(said.length).toBeGreaterThanOrEqual(3)
})
