import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SetupError } from '../errors.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'

export const USER = 'darkroom'
export const DATABASE = 'postgres'

/** Nothing of our own environment: PGDATA, PGPORT or a locale of the machine's would change what the server does. */
export const SERVER_ENV = { LC_ALL: 'C', TZ: 'UTC' }

const UNFINISHED = 'data.new-'

/** Where the data lies in a place; PostgreSQL's own files, nothing of ours. */
export function dataIn(path: string): string {
  return join(path, 'data')
}

export function readPassword(path: string): Promise<string> {
  return readFile(join(path, 'password'), 'utf8')
}

/**
 * Makes the cluster when there is none: UTF-8, and the same order of strings on every machine. Initialised under
 * another name and then renamed, so that a crash half-way leaves no half cluster. To be called with the lock held.
 */
export async function prepareCluster(
  path: string,
  account: Account | null,
  { initdb }: Binaries,
): Promise<void> {
  if (await stat(dataIn(path)).catch(() => null)) return

  // An initdb whose parent was killed may still be writing to its own: each gets a name nobody else has.
  const leftovers = (await readdir(path)).filter((name) => name.startsWith(UNFINISHED))
  for (const name of leftovers) await rm(join(path, name), { recursive: true, force: true, maxRetries: 5 })
  const unfinished = join(path, `${UNFINISHED}${randomBytes(4).toString('hex')}`)

  await mkdir(unfinished, { mode: 0o700 })
  if (account) await chown(unfinished, account.uid, account.gid)
  const passwordFile = join(path, 'password')
  await writePassword(passwordFile, account)
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = [`--username=${USER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  await run(initdb, [`--pgdata=${unfinished}`, ...locale, ...access], account)
  await rename(unfinished, dataIn(path))
  await using folder = await open(path, 'r')
  await folder.sync()
}

async function writePassword(passwordFile: string, account: Account | null): Promise<void> {
  await using file = await open(passwordFile, 'w', 0o600)
  if (account) await file.chown(account.uid, account.gid)
  await file.writeFile(randomBytes(24).toString('base64url'))
  await file.sync()
}

async function run(program: string, args: readonly string[], account: Account | null): Promise<void> {
  try {
    await promisify(execFile)(program, args, { cwd: '/', env: SERVER_ENV, ...account })
  } catch (cause) {
    const { stderr, message } = cause as Error & { stderr?: string }
    throw new SetupError(`PostgreSQL could not be set up: ${stderr?.trim() || message}`, { cause })
  }
}
