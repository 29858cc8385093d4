// The least that takes an upload in and passes it on to S3: hashed on its way, in one request of the length that was announced.
// Nothing is kept of it on the way, so nothing can be sent again.
import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { fastify } from 'fastify'
import { loadConfig, type S3Config } from '../../src/config/config.ts'
import { createS3Client } from '../../src/storage/s3-client.ts'
import { answer } from '../script-process.ts'

const { bucket, ...config } = loadConfig({ ...process.env, DARKROOM_HOME: '/tmp' }).store as S3Config
// A checksum of what flows would want a trailer, which few servers but AWS's know.
const client = createS3Client({ ...config, bucket, checksums: 'WHEN_REQUIRED' })
const app = fastify()

app.addContentTypeParser('image/jpeg', async () => null)
app.put('/v1/photos/:id', { bodyLimit: Number.MAX_SAFE_INTEGER }, async ({ raw, headers }, reply) => {
  const hash = createHash('sha256')
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  const Body = Readable.from(hashed(raw), { objectMode: false })
  const ContentLength = Number(headers['content-length'])
  await client.send(
    new PutObjectCommand({ Bucket: bucket, Key: `bare/${randomUUID()}`, Body, ContentLength }),
  )
  return await reply.code(201).send({ sha256: hash.digest('hex') })
})

const url = await app.listen({ host: '127.0.0.1', port: 0 })
answer(async () => url)
