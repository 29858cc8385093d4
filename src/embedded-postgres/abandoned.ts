import { lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SetupError } from '../errors.ts'
import { BELONGS_TO, leadsTo, ownerOf } from './belonging.ts'
import { dataIn } from './cluster.ts'
import { HOLDER_FILE, LOCK_FILE, lockFolder } from './lock.ts'
import { findPostmaster } from './postmaster.ts'

/** A database outside its home that no home leads to any more. `owner` is the link that did. */
export type Abandoned = { path: string; owner: string | null; lastUsed: Date }

/** One that was laid aside, and when it may be deleted. */
export type LaidAside = { path: string; until: Date }

const PLACE = /^postgres-[\w-]+$/
const REMOVED = 'removed'
const REMOVED_PLACE = /^(\d{4}-\d\d-\d\d)-postgres-[\w-]+$/
/** A start that goes on makes the folder a moment before the link. */
const MADE_WITHIN_MS = 600_000
const KEPT_MS = 7 * 24 * 3_600_000

/** The abandoned databases of a folder of databases; what `directory` leads to is none. */
export async function findAbandoned(folder: string, directory: string): Promise<Abandoned[]> {
  const abandoned: Abandoned[] = []
  for (const name of await namesIn(folder, PLACE)) {
    const path = join(folder, name)
    const owner = await ownerOf(path)
    if ((owner && (await leadsTo(owner, path))) || (await leadsTo(directory, path))) continue
    const { mtime } = await stat(join(path, HOLDER_FILE)).catch(() => stat(path))
    const hasData = (await stat(dataIn(path)).catch(() => null)) !== null
    if (hasData || Date.now() - mtime.getTime() > MADE_WITHIN_MS)
      abandoned.push({ path, owner, lastUsed: mtime })
  }
  return abandoned
}

/**
 * Lays one aside for a week: its home may have been moved, or lie on a disk that is not mounted. Answers with its
 * new path. Throws SetupError when it is in use, or not a database of ours.
 */
export async function layAside(folder: string, { path }: Abandoned, now: Date): Promise<string> {
  const info = await lstat(path)
  const names = await readdir(path)
  const isOurs = info.isDirectory() && info.uid === process.getuid?.()
  if (!isOurs || !(names.includes(LOCK_FILE) || names.every((name) => name === BELONGS_TO)))
    throw new SetupError(`${path} is no database of Darkroom's, and is left alone.`)
  using _lock = lockFolder(path, path)
  const postmaster = await findPostmaster(dataIn(path))
  if (postmaster) throw new SetupError(`PostgreSQL runs on ${path} (process ${postmaster.pid}).`)
  await mkdir(join(folder, REMOVED), { mode: 0o700, recursive: true })
  const removed = join(folder, REMOVED, `${now.toISOString().slice(0, 10)}-${path.slice(folder.length + 1)}`)
  await rename(path, removed)
  return removed
}

/** The databases that were laid aside in a folder of databases. */
export async function findLaidAside(folder: string): Promise<LaidAside[]> {
  const names = await namesIn(join(folder, REMOVED), REMOVED_PLACE)
  return names.map((name) => ({
    path: join(folder, REMOVED, name),
    until: new Date(Date.parse(REMOVED_PLACE.exec(name)?.[1] ?? '') + KEPT_MS),
  }))
}

/** Deletes a database for good. */
export async function deleteLaidAside({ path }: LaidAside): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

async function namesIn(folder: string, form: RegExp): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => form.test(name)).sort()
}
