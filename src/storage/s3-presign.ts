import { PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { S3Config } from '../config/config.ts'
import type { PresignedPut, PresignOptions } from './object-store.ts'
import { createS3Client } from './s3-client.ts'
import { translateS3Error } from './s3-errors.ts'

const SHA256 = 'x-amz-checksum-sha256'

/**
 * A URL to put one object: of exactly that length and type, which are signed as headers, so that every server refuses others.
 * A PUT and not a form, as phones upload a file in the background by one request whose body it is. Where the server keeps
 * checksums, other bytes than those that were named are refused as they come.
 *
 * @NOTE By a client of its own: one that computes checksums signs that of an empty body.
 */
export async function presignPut(
  config: S3Config,
  key: string,
  { contentType, bytes, sha256, seconds }: PresignOptions,
): Promise<PresignedPut> {
  const client = createS3Client({ ...config, checksums: 'WHEN_REQUIRED' })
  const checksum =
    sha256 !== null && config.checksums === 'WHEN_SUPPORTED'
      ? Buffer.from(sha256, 'hex').toString('base64')
      : null
  const put = new PutObjectCommand({
    Bucket: config.bucket,
    Key: key,
    ContentType: contentType,
    ContentLength: bytes,
    ...(checksum !== null && { ChecksumSHA256: checksum }),
  })
  try {
    const url = await getSignedUrl(client, put, {
      expiresIn: seconds,
      signableHeaders: new Set(['host', 'content-type', 'content-length', SHA256]),
      unhoistableHeaders: new Set([SHA256]),
    })
    return { url, headers: { 'content-type': contentType, ...(checksum !== null && { [SHA256]: checksum }) } }
  } catch (error) {
    throw translateS3Error(error)
  } finally {
    client.destroy()
  }
}
