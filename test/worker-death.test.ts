import { createPostgresBackend, type PostgresConnectionOptions, withBackend } from 'bullmq'
import pg from 'pg'
import sharp from 'sharp'
import { expect, test, vi } from 'vitest'
import { processorSeconds } from '../bench/process-figures.ts'
import { embeddedPostgresUrl } from '../src/embedded-postgres/embedded-postgres.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { QUEUE_NAMES } from '../src/queue/bullmq-backend.ts'
import { jobKey } from '../src/queue/job.ts'
import { type Darkroom, startDarkroom } from './support/darkroom.ts'
import { fixture } from './support/pictures.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'
import { photoForm, postForm } from './support/uploads.ts'

/** A job whose worker died is tried again after 1 s, then 2 s. */
const patience = { timeout: 100_000, interval: 20 }

async function upload(darkroom: Darkroom, photo: Buffer, wait: number): Promise<PhotoReply> {
  const reply = await postForm(darkroom, photoForm(photo), { prefer: `wait=${wait}` }, 'me')
  expect(reply.status).toBe(201)
  return (await reply.json()) as PhotoReply
}

async function find(darkroom: Darkroom, id: string): Promise<PhotoReply> {
  const headers = { authorization: `Bearer ${await darkroom.token()}` }
  return (await (await fetch(`${darkroom.url}/v1/photos/${id}`, { headers })).json()) as PhotoReply
}

/** So many pixels that its worker can be caught at work. */
function largePng(): Promise<Buffer> {
  const create = { width: 9000, height: 9000, channels: 3, background: 'teal' } as const
  return sharp({ create }).png().toBuffer()
}

/** How often a worker has begun the job. */
async function openAttempts(postgres: string) {
  const pool = new pg.Pool({
    connectionString: await embeddedPostgresUrl(postgres),
    options: '-c search_path=bullmq',
  })
  const { Queue } = withBackend(createPostgresBackend)
  const queue = new Queue(QUEUE_NAMES.live, { connection: pool as unknown as PostgresConnectionOptions })
  return {
    begunFor: async (photoId: string) =>
      (await queue.getJob(jobKey({ kind: 'resize', photoId: photoId as PhotoId })))?.attemptsStarted ?? 0,
    [Symbol.asyncDispose]: async () => {
      await queue.close()
      await pool.end()
    },
  }
}

test('a worker that holds too much memory after a job is replaced, and no job is lost or counted', async () => {
  await using home = await temporaryHome()
  // Less than any has.
  await using darkroom = await startDarkroom(home.path, { WORKERS: '1', WORKER_MEMORY_MB: '64' })
  const photo = await fixture('plain.jpg')
  const [first] = await darkroom.pids('worker')

  const photos = await Promise.all([1, 2, 3, 4].map(() => upload(darkroom, photo, 60)))

  expect(photos.map(({ status }) => status)).toEqual(['ready', 'ready', 'ready', 'ready'])
  expect((await darkroom.pids('worker'))[0]).not.toBe(first)
  const lines = darkroom.printed().match(/^\{.*\}$/gm) ?? []
  const told = lines.map((line) => JSON.parse(line) as { level: number; msg: string; reason?: string })
  expect(told.find(({ msg }) => msg === 'live worker 1 is replaced')?.reason).toMatch(/^it holds \d+ MB/)
  expect(told.filter(({ level }) => level > 30)).toEqual([])
})

test.runIf(process.platform === 'linux')(
  'a picture that kills its worker three times is failed, and costs no other photo (on Linux, where /proc tells)',
  {
    timeout: 300_000,
  },
  async () => {
    await using home = await temporaryHome()
    await using darkroom = await startDarkroom(home.path, { WORKERS: '1' })
    await using attempts = await openAttempts(home.postgres)
    const [killer, other] = await Promise.all([largePng(), fixture('plain.jpg')])
    const killWorkerAt = async (attempt: number) => {
      await vi.waitUntil(async () => (await attempts.begunFor(id)) === attempt, patience)
      const [pid] = (await darkroom.pids('worker')) as [number]
      // What a worker is about to do it tells its supervisor before it does it: one that decodes has told.
      const before = await processorSeconds(pid)
      await vi.waitUntil(async () => (await processorSeconds(pid)) > before + 0.1, patience)
      process.kill(pid, 'SIGKILL')
      const isBack = async () => ![pid, undefined].includes((await darkroom.pids('worker'))[0])
      await vi.waitUntil(isBack, patience)
    }

    // Both wait before either is begun: the one that is tried again comes after the other, and is killed before it ends.
    const [first] = (await darkroom.pids('worker')) as [number]
    process.kill(first, 'SIGSTOP')
    const { id } = await upload(darkroom, killer, 0)
    const { id: waiting } = await upload(darkroom, other, 0)
    process.kill(first, 'SIGCONT')
    await killWorkerAt(1)
    const between = await vi.waitUntil(async () => {
      const photo = await find(darkroom, waiting)
      return photo.status !== 'processing' && photo
    }, patience)
    await killWorkerAt(2)
    const afterTwo = await find(darkroom, id)
    await killWorkerAt(3)
    const failed = await vi.waitUntil(async () => {
      const photo = await find(darkroom, id)
      return photo.status === 'failed' && photo
    }, patience)

    expect(between.status).toBe('ready')
    expect(afterTwo.status).toBe('processing')
    expect(failed.failure?.code).toBe('processing_failed')
    expect((await upload(darkroom, other, 20)).status).toBe('ready')
  },
)
