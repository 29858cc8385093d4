import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomUUID,
} from 'node:crypto'
import { link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { SetupError } from '../errors.ts'

/** What delivery URLs are signed with. `keyPairId` is what CloudFront calls the public key's id. */
export type SigningKey = { keyPairId: string; privateKey: KeyObject; publicKey: KeyObject }

const FILE_NAME = 'signing-key.pem'

/**
 * The signing key kept in the directory, made there at the first start. Processes that start together agree on
 * one. Throws SetupError when the file is no RSA-2048 private key, or can be neither read nor made.
 */
export async function openSigningKey(directory: string): Promise<SigningKey> {
  const file = join(directory, FILE_NAME)
  try {
    return parseSigningKey((await readIfThere(file)) ?? (await makeKeyFile(file)), file)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new SetupError(
      `The signing key ${file} can be neither read nor made: ${error.message}. Let this user read and write there, or choose another directory.`,
      { cause: error },
    )
  }
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/**
 * Written whole under a name of its own, then linked: a link never replaces a file, so of several processes the
 * first gives the key to all, and a crash leaves at most a draft that nobody reads.
 */
async function makeKeyFile(file: string): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const draft = `${file}.${randomUUID()}`
  await mkdir(dirname(file), { recursive: true })
  try {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
    await writeFile(draft, pem, { flag: 'wx', mode: 0o600, flush: true })
    await link(draft, file)
    await syncDirectory(dirname(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  return await readFile(file, 'utf8')
}

async function syncDirectory(directory: string): Promise<void> {
  // Windows can't sync directories and need not: NTFS keeps a journal of names.
  if (process.platform === 'win32') return
  await using handle = await open(directory)
  await handle.sync()
}

function parseSigningKey(pem: string, file: string): SigningKey {
  const privateKey = parsePrivateKey(pem, file)
  // CloudFront takes RSA-2048 and ECDSA P-256; ECDSA would sign the same policy differently each time.
  if (privateKey.asymmetricKeyType !== 'rsa' || privateKey.asymmetricKeyDetails?.modulusLength !== 2048) {
    throw wrongKey(file)
  }
  const publicKey = createPublicKey(privateKey)
  return { keyPairId: keyPairIdOf(publicKey), privateKey, publicKey }
}

function parsePrivateKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw wrongKey(file, { cause: error })
  }
}

function wrongKey(file: string, options?: ErrorOptions): SetupError {
  return new SetupError(
    `${file} is not an RSA private key of 2048 bits in PEM. Restore the one that was there, or remove the file: the next start makes a new key, and URLs signed with the old one stop working.`,
    options,
  )
}

/** Looks like CloudFront's ids (`K2JCJMDEHXQW5F`), and is the same wherever the key is. */
function keyPairIdOf(publicKey: KeyObject): string {
  const hash = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  return `K${BigInt(`0x${hash}`).toString(36).slice(-13).toUpperCase()}`
}
