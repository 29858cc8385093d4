import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SetupError } from '../errors.ts'
import { keptFile } from '../kept-file.ts'

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
    return parseSigningKey(await keptFile(file, makePem), file)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new SetupError(
      `The signing key ${file} can be neither read nor made: ${error.message}. Let this user read and write there, or choose another directory.`,
      { cause: error },
    )
  }
}

async function makePem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
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
