import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { nameOf, statusOf } from '../aws-errors.ts'
import type { S3Bucket } from '../config/s3-url.ts'
import { ObjectArchivedError, ObjectChangedError, ObjectNotFoundError } from '../errors.ts'
import type { KeptObject } from './object-store.ts'
import { resumedBody } from './s3-body.ts'
import { createS3Client } from './s3-client.ts'
import { isMissing, setupErrorOf, translateS3Error } from './s3-errors.ts'

/** An object as its bucket tells of it; the entity tag in no quotes. */
export type SourceObject = KeptObject & { etag: string | null }

/** A bucket that may be anybody's: read from, and never written to. */
export class SourceBucket implements AsyncDisposable {
  readonly name: string
  readonly #client: S3Client
  readonly #bucket: string

  /** Opens it when it can be listed. Throws SetupError, that says what to do, otherwise. */
  static async open(config: S3Bucket): Promise<SourceBucket> {
    const opened = new SourceBucket(config)
    try {
      await opened.#client.send(new ListObjectsV2Command({ Bucket: config.bucket, MaxKeys: 1 }))
      return opened
    } catch (error) {
      opened.#client.destroy()
      throw setupErrorOf(error, config.bucket, config.endpoint)
    }
  }

  /** Unproven. */
  constructor(config: S3Bucket) {
    this.name = `s3://${config.bucket}`
    this.#client = createS3Client(config)
    this.#bucket = config.bucket
  }

  /** Every object whose key begins with the prefix, in the order of the bytes of their keys. */
  async *entries(prefix: string): AsyncGenerator<SourceObject> {
    try {
      const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: prefix })
      for await (const { Contents = [] } of pages) {
        for (const { Key, Size = 0, LastModified = new Date(), ETag } of Contents)
          if (Key !== undefined)
            yield { key: Key, size: Size, modifiedAt: LastModified, etag: unquoted(ETag) }
      }
    } catch (error) {
      throw translateS3Error(error)
    }
  }

  async look(key: string): Promise<SourceObject | null> {
    try {
      const request = new HeadObjectCommand({ Bucket: this.#bucket, Key: key })
      const { ContentLength = 0, LastModified = new Date(), ETag } = await this.#client.send(request)
      return { key, size: ContentLength, modifiedAt: LastModified, etag: unquoted(ETag) }
    } catch (error) {
      if (isMissing(error)) return null
      throw translateS3Error(error)
    }
  }

  /**
   * Only of the entity tag that is given, if one is. Throws ObjectNotFoundError, ObjectArchivedError and ObjectChangedError
   * at once.
   */
  async open(key: string, { etag = null }: { etag?: string | null } = {}): Promise<Readable> {
    const { Body, ContentLength = 0, ETag } = await this.#get(key, etag, {})
    const same = etag ?? unquoted(ETag)
    return resumedBody(Body as Readable, ContentLength, async (from) => {
      const { Body } = await this.#get(key, same, { Range: `bytes=${from}-${ContentLength - 1}` })
      return Body as Readable
    })
  }

  /** All of it in one piece of memory. Throws as `open` does. */
  async read(key: string): Promise<Buffer> {
    return await buffer(await this.open(key))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy()
  }

  async #get(key: string, etag: string | null, more: Partial<GetObjectCommandInput>) {
    try {
      const condition = etag === null ? {} : { IfMatch: `"${etag}"` }
      return await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...condition, ...more }),
      )
    } catch (error) {
      if (isMissing(error)) throw new ObjectNotFoundError(key, { cause: error })
      if (nameOf(error) === 'InvalidObjectState') throw new ObjectArchivedError(key, { cause: error })
      if (nameOf(error) === 'PreconditionFailed' || statusOf(error) === 412)
        throw new ObjectChangedError(key, { cause: error })
      throw translateS3Error(error)
    }
  }
}

function unquoted(etag: string | undefined): string | null {
  return etag === undefined || etag === '' ? null : etag.replace(/^(?:W\/)?"|"$/g, '')
}
