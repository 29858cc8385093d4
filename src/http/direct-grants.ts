import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { SetupError } from '../errors.ts'
import { keptFile } from '../kept-file.ts'
import type { PhotoId } from '../photo/photo-id.ts'

const FILE = 'direct-upload-secret'

/** That these bytes may be put, once or more often, until then. */
export type DirectGrant = { id: PhotoId; type: string; bytes: number; expiresAt: Date }

/** Grants to put one photo without a token, signed (HMAC-SHA-256) as a presigned URL of S3 is. */
export class DirectGrants {
  readonly #secret: string

  constructor(secret: string) {
    this.#secret = secret
  }

  /** With the secret of the home, which is made the first time. Throws SetupError. */
  static async open(home: string): Promise<DirectGrants> {
    const path = join(home, FILE)
    const secret = await keptFile(path, async () => randomBytes(32).toString('base64url')).catch((cause) => {
      throw new SetupError(`The secret ${path} can be neither read nor made (${cause.code}).`, { cause })
    })
    return new DirectGrants(secret)
  }

  /** What its URL ends with. */
  queryOf(grant: DirectGrant): URLSearchParams {
    const expires = String(grant.expiresAt.getTime())
    return new URLSearchParams({ expires, signature: this.#signatureOf(grant).toString('base64url') })
  }

  /** Whether it was given like that, and is good at this moment. */
  isGood(grant: DirectGrant, signature: string): boolean {
    const [ours, theirs] = [this.#signatureOf(grant), Buffer.from(signature, 'base64url')]
    return (
      ours.length === theirs.length && timingSafeEqual(ours, theirs) && grant.expiresAt.getTime() > Date.now()
    )
  }

  #signatureOf({ id, type, bytes, expiresAt }: DirectGrant): Buffer {
    const signed = JSON.stringify(['PUT', id, type, bytes, expiresAt.getTime()])
    return createHmac('sha256', this.#secret).update(signed).digest()
  }
}
