import { createPublicKey, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, parse } from 'node:path'

/** A public key in PEM, under the name of its file. */
export type NamedPublicKey = { name: string; pem: string }

/** CloudFront's quota of keys in a group. */
const MAX_KEYS = 5

/** The public keys in the folder, one `NAME.pem` each. Throws an Error that says what to mend. */
export function readPublicKeys(folder: string): NamedPublicKey[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.pem'))
  if (files.length === 0) {
    throw new Error(
      `${folder} has no public key. Make a pair, of which only the public key belongs there:
  openssl genrsa -out cdn-key.pem 2048
  openssl pkey -in cdn-key.pem -pubout -out ${join(folder, 'first.pem')}`,
    )
  }
  if (files.length > MAX_KEYS) throw new Error(`${folder} has more than the ${MAX_KEYS} keys of a key group.`)
  return files.toSorted().map((file) => {
    const pem = parsePublicKey(readFileSync(join(folder, file), 'utf8'), join(folder, file))
    return { name: parse(file).name, pem }
  })
}

/** In the one form that OpenSSL writes, so that a key in another form is no other key. */
function parsePublicKey(text: string, file: string): string {
  // createPublicKey takes a private key as well, and this folder is committed.
  if (text.includes('PRIVATE KEY')) throw new Error(`${file} is a private key. Keep it out of here.`)
  const key = createKey(text)
  if (key?.asymmetricKeyType !== 'rsa' || key.asymmetricKeyDetails?.modulusLength !== 2048) {
    throw new Error(`${file} is not an RSA public key of 2048 bits in PEM.`)
  }
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function createKey(text: string): KeyObject | null {
  try {
    return createPublicKey(text)
  } catch {
    return null
  }
}
