import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { SetupError } from '../../errors.ts'
import { keptFile, readKeptFile } from '../../kept-file.ts'

const FILE = 'token-secret'

/**
 * The secret that tokens are signed with when no other is configured: 256 random bits, made the first time and the
 * same ever after. Throws SetupError when the home can't be read or written.
 */
export async function openTokenSecret(home: string): Promise<string> {
  return await read(
    home,
    async (path) => await keptFile(path, async () => randomBytes(32).toString('base64url')),
  )
}

/** The same secret for those who only use it. Throws SetupError when none was made yet. */
export async function readTokenSecret(home: string): Promise<string> {
  const secret = await read(home, readKeptFile)
  if (secret !== null) return secret
  throw new SetupError(
    `There is no token secret in ${home} yet. Run \`npm start\` once, or set TOKEN_SECRET.`,
  )
}

async function read<Kept extends string | null>(
  home: string,
  from: (path: string) => Promise<Kept>,
): Promise<Kept> {
  const path = join(home, FILE)
  const secret = await from(path).catch((error) => {
    throw new SetupError(
      `The token secret ${path} can be neither read nor made (${error.code}). Run as the user who made it, or set TOKEN_SECRET.`,
      { cause: error },
    )
  })
  if (secret === null || secret.length >= 32) return secret
  throw new SetupError(
    `${path} is no token secret: remove it, and the next start makes one. Older tokens end with it.`,
  )
}
