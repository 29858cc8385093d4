// The least that takes an upload in and can promise that it is safe: hash, write, sync. No token, no look at the
// bytes, no database, no job, no rename.
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import multipart from '@fastify/multipart'
import { fastify } from 'fastify'
import { answer } from '../script-process.ts'

const folder = await mkdtemp(join(process.argv[2] ?? '', 'bare-'))
const app = fastify()
await app.register(multipart, { limits: { fileSize: Number.POSITIVE_INFINITY } })

app.post('/v1/photos', async (request, reply) => {
  const part = await request.file()
  if (!part) return await reply.code(400).send()
  return await reply.code(201).send({ sha256: await take(part.file) })
})

app.addContentTypeParser('image/jpeg', async () => null)
app.put('/v1/photos/:id', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
  return await reply.code(201).send({ sha256: await take(request.raw) })
})

async function take(body: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  await pipeline(body, hashed, createWriteStream(join(folder, randomUUID()), { flush: true }))
  return hash.digest('hex')
}

const url = await app.listen({ host: '127.0.0.1', port: 0 })
answer(async () => url)
