import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CdnConfig } from '../config/config.ts'
import { SetupError } from '../errors.ts'
import { keptFile } from '../kept-file.ts'

/** What delivery URLs are signed with. `keyPairId` is what CloudFront calls the public key's id. */
export type SigningKey = { keyPairId: string; privateKey: KeyObject; publicKey: KeyObject }

const FILE_NAME = 'signing-key.pem'

/** What delivery URLs are signed with. Throws SetupError when it can't be had. */
export async function signingKeyOf(cdn: CdnConfig): Promise<SigningKey> {
  switch (cdn.kind) {
    case 'local':
      return await openSigningKey(cdn.keyDirectory)
    case 'cloudfront':
      return await readSigningKey(cdn.keyFile, cdn.keyPairId)
  }
}

/**
 * The signing key kept in the directory, made there at the first start. Processes that start together agree on
 * one. Throws SetupError when the file is no RSA-2048 private key, or can be neither read nor made.
 */
export async function openSigningKey(directory: string): Promise<SigningKey> {
  return await makeSigningKey(join(directory, FILE_NAME))
}

/** As openSigningKey, with a file of any name. */
export async function makeSigningKey(file: string): Promise<SigningKey> {
  const pem = await keptFile(file, makePem).catch((error) => {
    throw fileError(error, file, 'can be neither read nor made', 'Let this user read and write there')
  })
  const privateKey = parsePrivateKey(
    pem,
    file,
    'Restore the one that was there, or remove the file: the next start makes a new key, and URLs signed with the old one stop working.',
  )
  const publicKey = createPublicKey(privateKey)
  return { keyPairId: keyPairIdOf(publicKey), privateKey, publicKey }
}

/**
 * The signing key in the file, under the id that CloudFront gave its public key. Throws SetupError when it is no
 * RSA-2048 private key or can't be read.
 */
export async function readSigningKey(file: string, keyPairId: string): Promise<SigningKey> {
  const pem = await readFile(file, 'utf8').catch((error) => {
    throw fileError(error, file, "can't be read", 'Let this user read it')
  })
  const privateKey = parsePrivateKey(
    pem,
    file,
    `Let CDN_PRIVATE_KEY_FILE name the key whose public half CloudFront knows as ${keyPairId}.`,
  )
  return { keyPairId, privateKey, publicKey: createPublicKey(privateKey) }
}

async function makePem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function parsePrivateKey(pem: string, file: string, advice: string): KeyObject {
  const privateKey = parsePem(pem)
  // CloudFront takes RSA-2048 and ECDSA P-256; ECDSA would sign the same policy differently each time.
  if (privateKey?.asymmetricKeyType !== 'rsa' || privateKey.asymmetricKeyDetails?.modulusLength !== 2048) {
    throw new SetupError(`${file} is not an RSA private key of 2048 bits in PEM. ${advice}`)
  }
  return privateKey
}

function parsePem(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem)
  } catch {
    return null
  }
}

/** Errors of node:fs say what to mend; others pass. */
function fileError(error: unknown, file: string, what: string, advice: string): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error
  return new SetupError(
    `The signing key ${file} ${what}: ${error.message}. ${advice}, or choose another place.`,
    {
      cause: error,
    },
  )
}

/** Looks like CloudFront's ids (`K2JCJMDEHXQW5F`), and is the same wherever the key is. */
function keyPairIdOf(publicKey: KeyObject): string {
  const hash = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  return `K${BigInt(`0x${hash}`).toString(36).slice(-13).toUpperCase()}`
}
