// npm run build:console: builds the page into console/dist, unless what lies there was built from the same sources. Several may do
// that at a time: each builds for itself, and the first that is ready puts its own there.
import { createHash } from 'node:crypto'
import { existsSync, globSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(import.meta.dirname, 'dist')
const SOURCES = [
  'package-lock.json',
  'tsconfig.json',
  'console/{index.html,vite.config.ts,tsconfig.json,build.ts}',
  'console/src/**/*.*',
  'clients/typescript/src/**/*.ts',
  'src/errors.ts',
  'src/photo/**/*.{ts,json}',
]
/** Says what the page was built from. */
const STAMP = 'built-from'
/** Of what is built at the moment. Whoever was killed leaves one behind. */
const UNFINISHED = '.building-'
const UNFINISHED_MS = 600_000
const BEFORE = 'before'

const sources = await digestOf(globSync(SOURCES, { cwd: ROOT }).toSorted())
if ((await stampOf(DIST)) !== sources) {
  await removeUnfinished()
  const directory = await mkdtemp(join(import.meta.dirname, UNFINISHED))
  try {
    await build(directory)
    await compressAll(directory)
    await writeFile(join(directory, STAMP), sources)
    await putInPlace(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function build(outDir: string): Promise<void> {
  const vite = await import('vite')
  await vite.build({
    configFile: join(import.meta.dirname, 'vite.config.ts'),
    // Written nowhere before it is read.
    configLoader: 'native',
    logLevel: 'warn',
    build: { outDir },
  })
}

/** Once, as well as can be: what is served is what lies there. */
async function compressAll(directory: string): Promise<void> {
  const files = globSync('**/*.{js,css,html,svg}', { cwd: directory })
  await Promise.all(
    files.map(async (file) => {
      const path = join(directory, file)
      const bytes = await readFile(path)
      await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes))
      await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }))
    }),
  )
}

/** What was there goes with it, so that there is a page at almost any moment. Of two that are ready at once one is as good as the other. */
async function putInPlace(directory: string): Promise<void> {
  if ((await stampOf(DIST)) === sources) return
  await rename(DIST, join(directory, BEFORE)).catch(unless('ENOENT'))
  await rename(directory, DIST).catch(unless('ENOTEMPTY', 'EEXIST'))
  await rm(join(DIST, BEFORE), { recursive: true, force: true })
}

function unless(...codes: readonly string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error
  }
}

async function removeUnfinished(): Promise<void> {
  for (const name of globSync(`${UNFINISHED}*`, { cwd: import.meta.dirname })) {
    const path = join(import.meta.dirname, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > UNFINISHED_MS) await rm(path, { recursive: true, force: true })
  }
}

async function stampOf(directory: string): Promise<string> {
  const path = join(directory, STAMP)
  return existsSync(path) ? await readFile(path, 'utf8') : ''
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(ROOT, file)))
  return hash.digest('hex')
}
