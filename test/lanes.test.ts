import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { childrenOf } from '../chaos/processes.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { LANES, type Lane } from '../src/queue/job.ts'
import { superviseWorkers } from '../src/worker-processes.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { RUNTIME } from './support/processes/runtime.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const PATIENCE = { timeout: 120_000, interval: 50 }

function startWorkers({ config, database }: TestService, lanes: readonly Lane[], count: number) {
  const env = {
    ...RUNTIME,
    DARKROOM_HOME: config.home,
    DATABASE_URL: database.url,
    LOG_LEVEL: 'error',
  }
  // Other tests run beside this one, and would have all the cycles.
  return superviseWorkers({ lanes, count, batchNice: 1, env, log: silentLog, idleSeconds: 1 })
}

/** The processes of a lane that we have started. */
async function workersOf(lane: Lane) {
  const children = await childrenOf(process.pid)
  return children.filter(({ command }) => command.includes(`workers/main.ts --lane ${lane}`))
}

/** How many there are of each lane. */
async function countWorkers() {
  return { live: (await workersOf('live')).length, batch: (await workersOf('batch')).length }
}

async function upload(service: TestService, photo: Buffer, wait: number): Promise<PhotoReply> {
  const reply = await postForm(service, photoForm(photo), { prefer: `wait=${wait}` })
  return (await reply.json()) as PhotoReply
}

test('one worker waits for uploads; those for what nobody waits for come with it and go again', async () => {
  await using service = await startService()
  await using workers = startWorkers(service, LANES, 2)
  await workers.ready
  expect(await countWorkers()).toEqual({ live: 1, batch: 0 })
  const photo = await upload(service, await fixture('plain.jpg'), 60)
  expect(photo.status).toBe('ready')

  await service.queue.enqueue({ kind: 'purge', photoId: '764879989359635463' as PhotoId })

  await expect.poll(async () => (await workersOf('batch')).length, PATIENCE).toBeGreaterThan(0)
  if (process.platform === 'linux') {
    const [worker] = await workersOf('batch')
    const stat = await readFile(`/proc/${worker?.pid}/stat`, 'utf8')
    expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])).toBe(1)
  }
  await expect.poll(async () => await service.queue.demand(), PATIENCE).toEqual({ live: 0, batch: 0 })
  await expect.poll(countWorkers, PATIENCE).toEqual({ live: 1, batch: 0 })
})

test('a burst of uploads has all the workers that there may be, which end when it is over', async () => {
  await using service = await startService()
  const photo = await noisyJpeg({ width: 1600, height: 1200 }, 1)
  for (let uploads = 0; uploads < 8; uploads++) await upload(service, photo, 0)
  let most = 0
  const isOver = new AbortController()
  // One look after the other: those of a timer pile up on a machine that is busy, and see nothing that is there.
  const watching = (async () => {
    while (!isOver.signal.aborted) {
      most = Math.max(most, (await workersOf('live')).length)
      await sleep(20)
    }
  })()
  await using _ = {
    [Symbol.asyncDispose]: async () => {
      isOver.abort()
      await watching
    },
  }

  await using workers = startWorkers(service, ['live'], 2)
  await workers.ready
  const left = async () => (await service.queue.demand()).live
  await expect.poll(left, PATIENCE).toBe(0)

  await expect.poll(countWorkers, PATIENCE).toEqual({ live: 1, batch: 0 })
  expect(most).toBe(2)
})

test('workers of one lane leave the jobs of the other alone', async () => {
  await using service = await startService()
  const live = { kind: 'resize', photoId: '764879989359635463' as PhotoId } as const
  const batch = { kind: 'purge', photoId: '764879989359635463' as PhotoId } as const
  for (const job of [live, batch]) await service.queue.enqueue(job)
  await using workers = startWorkers(service, ['batch'], 1)
  await workers.ready

  await expect.poll(async () => await service.queue.state(batch), PATIENCE).toEqual({ name: 'missing' })

  expect(await service.queue.state(live)).toEqual({ name: 'pending' })
  expect(await countWorkers()).toEqual({ live: 0, batch: 1 })
})
