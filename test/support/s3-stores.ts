import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { S3Config } from '../../src/config/config.ts'
import { KEEPER_KEY } from '../../src/photo/object-keys.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { S3Store } from '../../src/storage/s3-store.ts'
import { openTestBucket, type TestBucket } from './s3.ts'

export const JPEG = { contentType: 'image/jpeg' }

export async function openTemporaryStore(change: Partial<S3Config> = {}) {
  await using opened = new AsyncDisposableStack()
  const bucket = opened.use(await openTestBucket())
  const store: ObjectStore = opened.use(await S3Store.open({ ...bucket.config, ...change }))
  const owned = opened.move()
  return { store, ...bucket, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

/** Everything there is but the name of whose the bucket is, seen by another client and past every proxy. */
export async function contentsOf({ client, config }: TestBucket) {
  const Bucket = config.bucket
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
  return {
    keys: Contents.map(({ Key }) => Key).filter((key) => key !== KEEPER_KEY),
    multiparts: Uploads.length,
  }
}

export const NOTHING = { keys: [], multiparts: 0 }
