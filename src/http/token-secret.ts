import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SetupError } from '../errors.ts'

const FILE = 'token-secret'

/**
 * The secret that tokens are signed with when no other is configured. Made the first time (256 random bits, file
 * of mode 600) and the same ever after, also for processes that ask for the first time together.
 * Throws SetupError when the home can't be read or written.
 */
export async function openTokenSecret(home: string): Promise<string> {
  return (await readSecret(home)) ?? (await makeSecret(home))
}

/** The same secret for those who only use it. Throws SetupError when none was made yet. */
export async function readTokenSecret(home: string): Promise<string> {
  const secret = await readSecret(home)
  if (secret !== null) return secret
  throw new SetupError(
    `There is no token secret in ${home} yet. Run \`npm start\` once, or set TOKEN_SECRET.`,
  )
}

async function readSecret(home: string): Promise<string | null> {
  const path = join(home, FILE)
  try {
    const secret = (await readFile(path, 'utf8')).trim()
    if (secret.length >= 32) return secret
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new SetupError(
      `The token secret ${path} can't be read (${codeOf(error)}). Run as the user who made it.`,
      {
        cause: error,
      },
    )
  }
  throw new SetupError(
    `${path} is no token secret: remove it, and the next start makes one. Older tokens end with it.`,
  )
}

/** Whole before it has its name, and the name is given only once: who comes second takes the first one's. */
async function makeSecret(home: string): Promise<string> {
  const temporary = join(home, `${FILE}.${randomUUID()}`)
  const secret = randomBytes(32).toString('base64url')
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
    await writeSynced(temporary, `${secret}\n`)
    await link(temporary, join(home, FILE))
    return secret
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return await readTokenSecret(home)
    throw new SetupError(
      `No token secret can be kept in ${home} (${codeOf(error)}). Set TOKEN_SECRET or DARKROOM_HOME.`,
      {
        cause: error,
      },
    )
  } finally {
    await rm(temporary, { force: true }).catch(() => {})
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(text)
  await file.sync()
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
