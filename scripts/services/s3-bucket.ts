import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { Environment } from './service.ts'

const BUCKET = 'darkroom'
const STARTS_WITHIN_MS = 60_000

export const S3_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'darkroom',
  AWS_SECRET_ACCESS_KEY: 'darkroom-on-loopback-only',
} as const

/** Waits for an S3 server that was just started, makes a bucket there, and says how to use it. */
export async function makeBucket(endpoint: string): Promise<Environment> {
  await untilAnswers(endpoint)
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: {
      accessKeyId: S3_CREDENTIALS.AWS_ACCESS_KEY_ID,
      secretAccessKey: S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    },
  })
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
  client.destroy()
  return { ...S3_CREDENTIALS, STORAGE_URL: `s3://${BUCKET}?endpoint=${endpoint}` }
}

/** Until it knows us or refuses us, who name nobody: either way it is there. */
async function untilAnswers(url: string): Promise<void> {
  const giveUpAt = Date.now() + STARTS_WITHIN_MS
  for (;;) {
    const status = await fetch(url).then(
      (reply) => reply.status,
      () => 503,
    )
    if (status < 500) return
    if (Date.now() > giveUpAt) throw new Error(`The S3 server at ${url} does not answer.`)
    await sleep(50)
  }
}
