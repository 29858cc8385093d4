import { access, chmod, constants, mkdir } from 'node:fs/promises'
import { SetupError } from '../errors.ts'

/** Where root puts what the server's account could not reach elsewhere. Everyone may enter. */
export const SHARED_FOLDER = '/var/lib/darkroom'

/** The folder for things that every account may enter; made when missing. Throws SetupError when it can't be. */
export async function sharedFolder(): Promise<string> {
  try {
    // @NOTE `recursive` would say ENOENT of a file system that is read-only.
    await mkdir(SHARED_FOLDER).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await access(SHARED_FOLDER, constants.W_OK)
    await chmod(SHARED_FOLDER, 0o755)
    return SHARED_FOLDER
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new SetupError(
      `PostgreSQL does not run as root, the account it runs as can't enter where its files lie, and ${SHARED_FOLDER}, where they would lie instead, can't be written (${code}). Start Darkroom as an ordinary user, or set DATABASE_URL.`,
      { cause },
    )
  }
}
