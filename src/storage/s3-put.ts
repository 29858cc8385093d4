import type { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { S3Config } from '../config/config.ts'
import { cacheTagOf } from '../photo/cache-tag.ts'
import { isPutOnce, photoIdOfRendition } from '../photo/object-keys.ts'

export type S3Put = {
  bucket: string
  key: string
  body: Readable
  size: number
  sha256: Buffer
  contentType: string
  checksums: S3Config['checksums']
}

/** One request for the whole body, which fails when it arrives with other bytes, or when an original is there already. */
export function createPut({
  bucket,
  key,
  body,
  size,
  sha256,
  contentType,
  checksums,
}: S3Put): PutObjectCommand {
  const put = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentLength: size,
    ContentType: contentType,
    CacheControl: 'public, max-age=31536000, immutable',
    Metadata: { sha256: sha256.toString('hex'), ...cacheTag(key) },
    // Where the server keeps it. Were there none, the client would add its own in a way that few but AWS know.
    ...(checksums === 'WHEN_SUPPORTED' && { ChecksumSHA256: sha256.toString('base64') }),
    ...(isPutOnce(key) && { IfNoneMatch: '*' }),
  })
  put.middlewareStack.add(
    (next) => (args) => {
      // Signed with the request, so every server refuses a body that was altered on its way.
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256.toString('hex')
      return next(args)
    },
    { step: 'build' },
  )
  return put
}

function cacheTag(key: string): { 'cache-tag': string } | null {
  const id = photoIdOfRendition(key)
  return id && { 'cache-tag': cacheTagOf(id) }
}
