import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { describeShards } from '../src/catalog/moves/describe-shards.ts'
import type { StoreConfig } from '../src/config/config.ts'
import type { ShardRange } from '../src/config/shard-ranges.ts'
import { DiskStore } from '../src/storage/disk-store.ts'
import { createS3Client } from '../src/storage/s3-client.ts'
import { S3Store } from '../src/storage/s3-store.ts'

const TWO_DAYS_MS = 48 * 3_600_000

/** A line for each thing that a store keeps for nobody: parts of uploads, temporary files that nothing would ever remove. */
export async function leftovers(config: StoreConfig): Promise<string[]> {
  switch (config.kind) {
    case 'disk': {
      const folder = join(config.root, 'tmp')
      await makeOld(folder)
      await using _opened = await DiskStore.open(config.root)
      return (await readdir(folder)).map((name) => `temporary file ${name} is left`)
    }
    case 's3': {
      const client = createS3Client(config)
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: config.bucket }))
      client.destroy()
      await makeOld(config.spool)
      await using _opened = await S3Store.open(config)
      return [
        ...Uploads.map(({ Key }) => `multipart upload of ${Key} is left`),
        ...(await readdir(config.spool)).map((name) => `spooled file ${name} is left`),
      ]
    }
  }
}

/** A line for each range of shards that a move left in two databases, and each database that does not answer. */
export async function halfMoved(ranges: readonly ShardRange[]): Promise<string[]> {
  const { lines, silent } = await describeShards(ranges)
  return [
    ...lines
      .filter(({ state }) => state !== 'here')
      .map(({ database, from, to, state }) => `shards ${from}-${to} are ${state} in ${database}`),
    ...silent.map(({ database, reason }) => `${database}: ${reason}`),
  ]
}

/** They are kept for a day, as another process may be writing them. */
async function makeOld(folder: string): Promise<void> {
  const then = new Date(Date.now() - TWO_DAYS_MS)
  for (const name of await readdir(folder)) await utimes(join(folder, name), then, then)
}
