import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Upload } from '@aws-sdk/lib-storage'
import { ceph } from '../scripts/services/ceph.ts'
import { startTemporarily } from '../scripts/services/running-service.ts'
import type { S3Config } from '../src/config/config.ts'
import { loadConfig } from '../src/config/config.ts'
import { createS3Client } from '../src/storage/s3-client.ts'
import { createPut } from '../src/storage/s3-put.ts'
import { S3Store } from '../src/storage/s3-store.ts'

/**
 * What an upload of unknown length costs the API's process on its way to S3: spooled to disk and sent by one
 * request, as S3Store does, against parts that are sent as they fill (lib-storage). Run it alone, on Linux:
 * `node bench/s3-uploads.ts`.
 */
type Case = { way: string; clients: number; bytes: number; bytesPerSecond: number }
type Result = { riseMb: number; seconds: number; medianMs: number; processorMs: number }

const BYTES = 12_000_000
const CHUNK = 65_536
/** Of the bytes that `upload` makes. */
const SHA256 = createHash('sha256').update(Buffer.alloc(BYTES)).digest()
const WAYS: Record<string, (config: S3Config) => Promise<(key: string, body: Readable) => Promise<unknown>>> =
  {
    'spool, hashed there, one PutObject': async (config) => {
      const store = await S3Store.open(config)
      return async (key, body) => await store.put(key, body, { contentType: 'image/jpeg' })
    },
    'spool, hash known, one PutObject': async (config) => {
      const store = await S3Store.open(config)
      const sha256 = () => SHA256.toString('hex')
      return async (key, body) => await store.put(key, body, { contentType: 'image/jpeg', sha256 })
    },
    'straight through, length and hash known': async (config) => {
      const client = createS3Client({ ...config, timeoutMs: 300_000 })
      const { bucket, checksums } = config
      return async (key, body) =>
        await client.send(
          createPut({ bucket, key, body, size: BYTES, sha256: SHA256, contentType: 'image/jpeg', checksums }),
        )
    },
    'multipart, one part at a time': async (config) => multipart(config, 1),
    'multipart, four parts at once': async (config) => multipart(config, 4),
  }

function multipart(config: S3Config, queueSize: number) {
  const client = createS3Client(config)
  return async (Key: string, Body: Readable) =>
    await new Upload({ client, queueSize, params: { Bucket: config.bucket, Key, Body } }).done()
}

/** Sends so many bytes at that rate, in chunks of their own as they come from a socket. */
async function* upload({ bytes, bytesPerSecond }: Case): AsyncGenerator<Buffer> {
  const startedAt = performance.now()
  for (let sent = 0; sent < bytes; sent += CHUNK) {
    const aheadMs = (sent / bytesPerSecond) * 1000 - (performance.now() - startedAt)
    if (aheadMs > 1) await sleep(aheadMs)
    yield Buffer.allocUnsafeSlow(Math.min(CHUNK, bytes - sent)).fill(0)
  }
}

async function residentMb(field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1000
}

async function measure(one: Case): Promise<Result> {
  const config = loadConfig({ DARKROOM_HOME: join(tmpdir(), 'darkroom-bench'), ...process.env })
    .store as S3Config
  const put = await (WAYS[one.way] as (typeof WAYS)[string])(config)
  await put(
    `bench/${process.pid}/first`,
    Readable.from(upload({ ...one, bytesPerSecond: 1e9 }), { objectMode: false }),
  )

  const before = await residentMb('VmRSS')
  const [startedAt, usage] = [performance.now(), process.cpuUsage()]
  const times = await Promise.all(
    Array.from({ length: one.clients }, async (_, index) => {
      await put(`bench/${process.pid}/${index}`, Readable.from(upload(one), { objectMode: false }))
      return performance.now() - startedAt
    }),
  )
  const { user, system } = process.cpuUsage(usage)
  return {
    riseMb: (await residentMb('VmHWM')) - before,
    seconds: (performance.now() - startedAt) / 1000,
    medianMs: times.sort((a, b) => a - b)[times.length >> 1] ?? 0,
    processorMs: (user + system) / 1000 / one.clients,
  }
}

if (process.channel) {
  const [one] = (await once(process, 'message')) as [Case]
  process.send?.(await measure(one))
  process.disconnect?.()
} else {
  const crowds = [
    { clients: 8, bytes: BYTES, bytesPerSecond: 1e9 },
    { clients: 200, bytes: BYTES, bytesPerSecond: BYTES / 40 },
  ]
  console.log('clients | way | memory rises by | last upload done | median upload | processor per upload')
  for (const crowd of crowds) {
    for (const way of Object.keys(WAYS)) {
      // A server of its own each time: it keeps objects in memory.
      await using server = await startTemporarily(ceph)
      const child = fork(import.meta.filename, { env: { ...process.env, ...server.env } })
      child.send({ way, ...crowd })
      const [{ riseMb, seconds, medianMs, processorMs }] = (await once(child, 'message')) as [Result]
      console.log(
        `${crowd.clients} | ${way} | ${riseMb.toFixed(0)} MB | ${seconds.toFixed(1)} s | ${medianMs.toFixed(0)} ms | ${processorMs.toFixed(0)} ms`,
      )
    }
  }
}
