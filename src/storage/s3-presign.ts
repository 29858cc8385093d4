import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { S3Config } from '../config/config.ts'
import type { PresignedPut, PresignOptions } from './object-store.ts'
import { createS3Client } from './s3-client.ts'
import { translateS3Error } from './s3-errors.ts'

const SHA256 = 'x-amz-checksum-sha256'
/** What has to be as it was signed. */
const SIGNED = new Set(['host', 'content-type', 'content-length', SHA256])

/**
 * Signs URLs to put one object: of exactly that length and type, which are signed as headers, so that every server refuses
 * others. A PUT and not a form, as phones upload a file in the background by one request whose body it is. Where the server
 * keeps checksums, other bytes than those that were named are refused as they come.
 *
 * @NOTE By a client of its own: one that computes checksums signs that of an empty body. And by one for all, which asks for
 * temporary credentials when they end and not for every URL.
 */
export class Presigner implements Disposable {
  readonly #config: S3Config
  readonly #client: S3Client

  constructor(config: S3Config) {
    this.#config = config
    this.#client = createS3Client({
      ...config,
      endpoint: config.publicEndpoint ?? config.endpoint,
      checksums: 'WHEN_REQUIRED',
    })
  }

  /** Throws EngineUnavailableError when there are no credentials to be had. */
  async put(key: string, { contentType, bytes, sha256, seconds }: PresignOptions): Promise<PresignedPut> {
    const { bucket, checksums } = this.#config
    const isChecked = sha256 !== null && checksums === 'WHEN_SUPPORTED'
    const checksum = isChecked ? Buffer.from(sha256, 'hex').toString('base64') : null
    const put = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      ContentType: contentType,
      ContentLength: bytes,
      ...(checksum !== null && { ChecksumSHA256: checksum }),
    })
    const url = await getSignedUrl(this.#client, put, {
      expiresIn: seconds,
      signableHeaders: SIGNED,
      unhoistableHeaders: new Set([SHA256]),
    }).catch((error) => {
      throw translateS3Error(error)
    })
    return { url, headers: { 'content-type': contentType, ...(checksum !== null && { [SHA256]: checksum }) } }
  }

  [Symbol.dispose](): void {
    this.#client.destroy()
  }
}
