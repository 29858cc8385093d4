import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { isTransient, nameOf } from '../aws-errors.ts'
import type { S3Config } from '../config/config.ts'
import {
  EngineUnavailableError,
  ObjectArchivedError,
  ObjectNotFoundError,
  ObjectTakenError,
  SetupError,
} from '../errors.ts'
import { Slots } from '../slots.ts'
import { remedyFor } from './disk-errors.ts'
import type {
  ByteRange,
  KeptObject,
  ObjectInfo,
  ObjectStore,
  PresignedPut,
  PresignOptions,
  PutOptions,
} from './object-store.ts'
import { resumedBody } from './s3-body.ts'
import { createS3Client, MAX_ATTEMPTS } from './s3-client.ts'
import { isMissing, setupErrorOf, translateS3Error } from './s3-errors.ts'
import { Presigner } from './s3-presign.ts'
import { createPut } from './s3-put.ts'
import { openNameless, type SpooledBody, spool } from './spool.ts'
import { removeStaleFiles } from './temporary-files.ts'

/** As many keys as one request may name. */
const DELETE_BATCH = 1_000

/** An upload to S3 slower than this is given up. */
const MIN_BYTES_PER_MS = 50

/** Bounds the memory of uploads that are whole at the same moment; more at once would not be sent sooner. */
const MAX_SENDS = 16
const MAX_TURN_MS = 60_000

const BACKOFF_MS = 100

/**
 * Objects in a bucket of S3, or of what speaks it. A stream is spooled to a file first, then sent by one
 * PutObject: its length, hash and end are known before S3 hears of it, so a client that goes away leaves nothing
 * there, and a request that fails is sent again from its beginning. Parts that are sent as they fill would have to
 * be kept in memory: 200 slow uploads of 12 MB take 0.1 GB this way and 3 GB that way, and eight at once are whole in
 * half the time (bench/s3-uploads.ts).
 *
 * A body whose length and hash were announced could go straight through: 21 ms of a core for 12 MB instead of 37, in as much
 * memory. It does not, as each slow client would hold a connection to S3, which S3 ends when a phone pauses for 20 s
 * (RequestTimeout); and what S3 refuses for a moment could not be sent again, but by the phone.
 *
 * A put whose answer is lost each time may have kept an object that nobody knows of; the sweep deletes it.
 */
export class S3Store implements ObjectStore {
  readonly name: string
  readonly #client: S3Client
  readonly #bucket: string
  readonly #spool: string
  readonly #sends = new Slots(MAX_SENDS, 'The storage does not keep up.')
  readonly #checksums: S3Config['checksums']
  readonly #timeoutMs: number
  readonly #config: S3Config
  #presigner: Presigner | null = null

  /**
   * Opens the store when the bucket can be listed and the spool folder, which is made when it is missing, can be
   * written. Throws SetupError, that says what to do, otherwise. Removes what killed processes left in it a day ago.
   */
  static async open(config: S3Config): Promise<S3Store> {
    const store = new S3Store(config)
    try {
      // Unlike HeadBucket, which has no body to say why we are refused.
      await store.#client.send(new ListObjectsV2Command({ Bucket: config.bucket, MaxKeys: 1 }))
    } catch (error) {
      store.#client.destroy()
      throw setupErrorOf(error, config.bucket, config.endpoint)
    }
    try {
      await (await openNameless(config.spool)).close()
      await removeStaleFiles(config.spool)
    } catch (error) {
      store.#client.destroy()
      throw new SetupError(`The folder ${config.spool} can't be written. ${remedyFor(error) ?? error}`, {
        cause: error,
      })
    }
    return store
  }

  private constructor(config: S3Config) {
    this.name = `s3://${config.bucket}`
    this.#client = createS3Client(config)
    this.#bucket = config.bucket
    this.#spool = config.spool
    this.#checksums = config.checksums
    this.#timeoutMs = config.timeoutMs
    this.#config = config
  }

  async put(key: string, body: Readable | Buffer, { contentType, sha256 }: PutOptions): Promise<ObjectInfo> {
    await using spooled = await spool(body, this.#spool, sha256)
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#send(key, spooled, contentType)
        return { key, size: spooled.size }
      } catch (error) {
        // Be it that an earlier attempt of ours was kept and only its answer got lost.
        if (nameOf(error) === 'PreconditionFailed' && (await this.#has(key, spooled)))
          return { key, size: spooled.size }
        if (!isTransient(error) || attempt === MAX_ATTEMPTS) throw translateS3Error(error)
      }
      await sleep(Math.random() * BACKOFF_MS * 2 ** attempt)
    }
  }

  async presignPut(key: string, options: PresignOptions): Promise<PresignedPut> {
    this.#presigner ??= new Presigner(this.#config)
    return await this.#presigner.put(key, options)
  }

  async open(key: string, range?: ByteRange): Promise<Readable> {
    try {
      const { body, size } = await this.#get(key, range)
      const start = range?.start ?? 0
      return resumedBody(
        body,
        size,
        async (from) => (await this.#get(key, { start: start + from, end: start + size - 1 })).body,
      )
    } catch (error) {
      // It begins past the end.
      if (nameOf(error) === 'InvalidRange') return Readable.from([])
      throw error
    }
  }

  async read(key: string): Promise<Buffer> {
    return await buffer(await this.open(key))
  }

  async head(key: string): Promise<KeptObject | null> {
    const found = await this.#head(key)
    return found && { key, size: found.size, modifiedAt: found.modifiedAt }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += DELETE_BATCH) {
      await this.#deleteBatch(keys.slice(from, from + DELETE_BATCH))
    }
  }

  async copy(from: string, to: string): Promise<void> {
    try {
      await this.#copy(from, to)
    } catch (error) {
      if (isMissing(error)) throw new ObjectNotFoundError(from, { cause: error })
      throw translateS3Error(error)
    }
  }

  async move(from: string, to: string): Promise<void> {
    try {
      await this.#copy(from, to)
      await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: from }))
    } catch (error) {
      if (!isMissing(error)) throw translateS3Error(error)
    }
  }

  async *list(prefix: string, { after }: { after?: string } = {}): AsyncIterable<string> {
    try {
      const pages = paginateListObjectsV2(
        { client: this.#client },
        { Bucket: this.#bucket, Prefix: prefix, ...(after && { StartAfter: after }) },
      )
      for await (const { Contents = [] } of pages) {
        for (const { Key } of Contents) if (Key !== undefined) yield Key
      }
    } catch (error) {
      throw translateS3Error(error)
    }
  }

  async check(): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }))
    } catch (error) {
      // The bucket was there when the store was opened, so whatever it is may pass.
      throw new EngineUnavailableError('The storage does not answer.', { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#presigner?.[Symbol.dispose]()
    this.#client.destroy()
  }

  /** Within the server, with its metadata: type, digest and cache tag. */
  async #copy(from: string, to: string): Promise<void> {
    await this.#client.send(
      new CopyObjectCommand({ Bucket: this.#bucket, Key: to, CopySource: `${this.#bucket}/${from}` }),
    )
  }

  /** Throws ObjectNotFoundError, ObjectArchivedError, EngineUnavailableError, or S3's own InvalidRange. */
  async #get(key: string, range?: ByteRange): Promise<{ body: Readable; size: number }> {
    const request = new GetObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      ...(range && { Range: `bytes=${range.start}-${range.end}` }),
    })
    try {
      const { Body, ContentLength = 0 } = await this.#client.send(request)
      return { body: Body as Readable, size: ContentLength }
    } catch (error) {
      if (isMissing(error)) throw new ObjectNotFoundError(key, { cause: error })
      if (nameOf(error) === 'InvalidObjectState') throw new ObjectArchivedError(key, { cause: error })
      throw translateS3Error(error)
    }
  }

  async #send(key: string, { size, sha256, open }: SpooledBody, contentType: string): Promise<void> {
    using _slot = await this.#sends.acquire(MAX_TURN_MS)
    const body = open()
    const put = createPut({
      bucket: this.#bucket,
      key,
      body,
      size,
      sha256,
      contentType,
      checksums: this.#checksums,
    })
    try {
      const requestTimeout = this.#timeoutMs + size / MIN_BYTES_PER_MS
      await this.#client.send(put, { requestTimeout })
    } finally {
      body.destroy()
    }
  }

  /** Throws ObjectTakenError when the key is there with other bytes. */
  async #has(key: string, { size, sha256 }: SpooledBody): Promise<boolean> {
    const found = await this.#head(key)
    if (!found) return false
    if (found.size !== size || found.sha256 !== sha256.toString('hex')) throw new ObjectTakenError(key)
    return true
  }

  async #head(key: string): Promise<{ size: number; sha256: string | undefined; modifiedAt: Date } | null> {
    try {
      const {
        ContentLength = 0,
        LastModified = new Date(),
        Metadata,
      } = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }))
      return { size: ContentLength, sha256: Metadata?.sha256, modifiedAt: LastModified }
    } catch (error) {
      if (isMissing(error)) return null
      throw translateS3Error(error)
    }
  }

  async #deleteBatch(keys: readonly string[]): Promise<void> {
    const failed = await this.#client
      .send(
        new DeleteObjectsCommand({
          Bucket: this.#bucket,
          Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
        }),
      )
      .then(
        ({ Errors = [] }) => Errors,
        (error) => Promise.reject(translateS3Error(error)),
      )
    if (failed.length === 0) return
    const reasons = failed.map(({ Key, Code, Message }) => `${Key}: ${Code} ${Message ?? ''}`.trim())
    throw new EngineUnavailableError('The storage did not delete every object.', {
      cause: new Error(reasons.join('\n')),
    })
  }
}
