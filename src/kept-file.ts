import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * The text kept in a file that only its owner may read, made the first time it is asked for. Processes that ask
 * first together agree on one. Errors are those of node:fs.
 *
 * Written whole and synced under a name of its own, then linked: a link never replaces a file, so the first gives
 * its text to all, and a crash leaves at most a draft that nobody reads.
 */
export async function keptFile(path: string, make: () => Promise<string>): Promise<string> {
  const kept = await readKeptFile(path)
  if (kept !== null) return kept

  const draft = `${path}.${randomUUID()}`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(draft, await make(), { flag: 'wx', mode: 0o600, flush: true })
    await link(draft, path)
    await syncFolder(dirname(path))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  return await readFile(path, 'utf8')
}

/** Null when it was not made yet. */
export async function readKeptFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path)
  await folder.sync()
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null
}
