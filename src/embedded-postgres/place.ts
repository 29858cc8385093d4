import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { SetupError } from '../errors.ts'
import { findLaidAside } from './abandoned.ts'
import { type Account, canEnter } from './account.ts'
import { BELONGS_TO, checkBelonging, recordOwner } from './belonging.ts'
import { LOCK_FILE } from './lock.ts'
import { sharedFolder } from './shared-folder.ts'

/**
 * Makes the folder that holds everything of one embedded PostgreSQL, or finds it; answers with its real path.
 * It stays ours: the account may enter it and owns the data in it, so that we never write where another account
 * could lay a link for us. Throws SetupError when the folder can't be used.
 *
 * When the account can't reach `directory`, the folder gets a random name in SHARED_FOLDER and `directory`
 * becomes a link to it: who deletes the home also loses the way to the data, so a new home never begins with an
 * old database. The folder names its home in turn, so that a copy of the home does not write into it.
 */
export async function preparePlace(directory: string, account: Account | null): Promise<string> {
  const home = dirname(directory)
  await mkdir(home, { recursive: true })
  if (!(await lstat(directory).catch(() => null))) {
    if (await canEnter(home, account)) await mkdir(directory, { mode: 0o700 }).catch(unlessThere)
    else await linkElsewhere(directory)
  }
  const path = await realpath(directory).catch(async (cause) => {
    throw await goneError(directory, cause)
  })
  await claim(path)
  await checkBelonging(path, directory)
  if (!(await canEnter(dirname(path), account))) {
    throw new SetupError(
      `PostgreSQL does not run as root, and other accounts can't enter ${dirname(path)}. Open it to them, or set DATABASE_URL.`,
    )
  }
  if (account) await chown(path, 0, account.gid)
  await chmod(path, account ? 0o710 : 0o700)
  return path
}

async function linkElsewhere(directory: string): Promise<void> {
  const path = await mkdtemp(join(await sharedFolder(), 'postgres-'))
  try {
    await recordOwner(path, directory)
    await symlink(path, directory)
  } catch (error) {
    await rm(path, { recursive: true })
    unlessThere(error)
  }
}

/** A wrong setting must not make us change the owner of somebody's folder. */
async function claim(path: string): Promise<void> {
  const { uid } = await stat(path)
  if (uid !== process.getuid?.()) {
    throw new SetupError(
      `${path} belongs to another account (uid ${uid}). Start Darkroom as it, or choose another folder with DARKROOM_HOME.`,
    )
  }
  const names = await readdir(path)
  if (!names.includes(LOCK_FILE) && names.some((name) => name !== BELONGS_TO)) {
    throw new SetupError(
      `${path} holds something else than Darkroom's database. Choose another folder with DARKROOM_HOME.`,
    )
  }
}

/** The home may have been moved, or its disk not mounted, when the doctor found nobody who leads to the database. */
async function goneError(directory: string, cause: unknown): Promise<SetupError> {
  const path = resolve(dirname(directory), await readlink(directory))
  const removed = (await findLaidAside(dirname(path))).find((each) =>
    each.path.endsWith(`-${basename(path)}`),
  )
  const wayOut = removed
    ? `It was laid aside. Bring it back:\n  mv ${removed.path} ${path}`
    : 'Bring it back: it is part of a backup, as the home is.'
  return new SetupError(`${directory} is a link to a database that is not there, ${path}. ${wayOut}`, {
    cause,
  })
}

/** Two starts may make the same folder at the same moment; the lock decides between them. */
function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
}
