import { execFile } from 'node:child_process'
import { mkdir, mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect } from 'vitest'
import { parseRedisUrl, type RedisAddress } from '../src/config/redis-url.ts'
import { examine } from '../src/doctor/examine.ts'
import { SetupError } from '../src/errors.ts'
import type { ReadyReply } from '../src/http/routes/health.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { openRedisQueue } from '../src/queue/redis-queue.ts'
import { sweepJobs } from '../src/sweep/lost-jobs.ts'
import { openTestDatabase } from './support/database.ts'
import { idle, nothing } from './support/handlers.ts'
import { fixture } from './support/pictures.ts'
import { openTestRedis, type TestRedis, testWithRedis } from './support/redis.ts'
import { recordedLog, silentLog, startService, type TestService } from './support/service.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

type State = {
  options?: readonly string[]
  enter(redis: TestRedis): Promise<void>
  leave(redis: TestRedis): Promise<void>
}

/** Asks as an operator does, also a server that ioredis would wait for. */
async function cli({ port }: TestRedis, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port), ...args])
  return stdout
}

/** A setting that brings the state about, and the one that ends it. */
const setting = (name: string, during: string, after: string): State => ({
  enter: async (redis) => void (await redis.command('config', 'set', name, during)),
  leave: async (redis) => void (await redis.command('config', 'set', name, after)),
})

/** What Redis refuses to write with, by the prefix of its error, and how it comes to that. */
const STATES: Record<string, State> = {
  OOM: setting('maxmemory', '1', '0'),
  NOREPLICAS: setting('min-replicas-to-write', '1', '0'),
  MISCONF: {
    options: ['--enable-protected-configs', 'yes'],
    // A snapshot fails where its file is a folder.
    enter: async (redis) => {
      await redis.command('config', 'set', 'save', '3600 1')
      await mkdir(join(redis.folder, 'taken'))
      await redis.command('config', 'set', 'dbfilename', 'taken')
      await redis.command('bgsave')
      await expect.poll(async () => await redis.command('info', 'persistence')).toContain('bgsave_status:err')
    },
    leave: async (redis) => void (await redis.command('config', 'set', 'save', '')),
  },
  READONLY: {
    enter: async (redis) => void (await redis.command('replicaof', '127.0.0.1', '1')),
    leave: async (redis) => void (await redis.command('replicaof', 'no', 'one')),
  },
  MASTERDOWN: {
    options: ['--replica-serve-stale-data', 'no'],
    enter: async (redis) => void (await redis.command('replicaof', '127.0.0.1', '1')),
    leave: async (redis) => void (await redis.command('replicaof', 'no', 'one')),
  },
  NOPERM: {
    enter: async (redis) => void (await redis.command('acl', 'setuser', 'default', '-@write')),
    leave: async (redis) => void (await redis.command('acl', 'setuser', 'default', '+@all')),
  },
  BUSY: {
    options: ['--busy-reply-threshold', '100'],
    enter: async (redis) => {
      void cli(redis, 'eval', 'while true do end', '0')
      await expect.poll(() => cli(redis, 'get', 'x')).toContain('BUSY')
    },
    leave: async (redis) => void (await cli(redis, 'script', 'kill')),
  },
  LOADING: {
    options: ['--loading-process-events-interval-bytes', '1024', '--key-load-delay', '20000'],
    enter: async (redis) => {
      await redis.command('eval', "for i = 1, 200 do redis.call('set', i, string.rep('x', 2000)) end", '0')
      void cli(redis, 'debug', 'reload')
      await expect.poll(() => cli(redis, 'get', 'x')).toContain('LOADING')
    },
    leave: async (redis) => {
      await expect.poll(() => cli(redis, 'get', 'x')).not.toContain('LOADING')
    },
  },
}

const inAMinute = () => new Date(Date.now() + 60_000)

async function readiness(service: TestService): Promise<{ status: number; queue: string }> {
  const reply = await fetch(`${service.url}/readyz`)
  return { status: reply.status, queue: ((await reply.json()) as ReadyReply).engines.queue }
}

async function upload(service: TestService): Promise<{ status: number; id: PhotoId }> {
  const reply = await postForm(service, photoForm(await fixture('plain.jpg')))
  return { status: reply.status, id: ((await reply.json()) as PhotoReply).id as PhotoId }
}

describe('while Redis takes no writes, what is asked is taken in, and done when it does', () => {
  for (const [prefix, { options = [], enter, leave }] of Object.entries(STATES)) {
    testWithRedis(prefix, { timeout: 120_000 }, async () => {
      await using redis = await openTestRedis(...options, '--enable-debug-command', 'yes')
      await using service = await startService({ QUEUE_URL: redis.url })
      const headers = await authorization(service)
      const [changed, deleted] = [await upload(service), await upload(service)]
      const ready = async () => (await service.catalog.photos.find(changed.id))?.status
      {
        await using _work = service.work()
        await expect.poll(ready).toBe('ready')
      }

      await enter(redis)
      await using _work = service.work()
      const seen = await readiness(service)
      const uploaded = await upload(service)
      const look = await fetch(`${service.url}/v1/photos/${changed.id}/filter`, {
        method: 'PUT',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ filter: 'mono' }),
      })
      const removal = await fetch(`${service.url}/v1/photos/${deleted.id}`, { method: 'DELETE', headers })
      await leave(redis)

      expect([uploaded.status, look.status, removal.status]).toEqual([201, 202, 204])
      expect(seen).toEqual({ status: 503, queue: 'unavailable' })
      await expect.poll(() => readiness(service)).toMatchObject({ status: 200 })
      const done = async () => {
        // Again and again: what is younger than a job that waits is not taken for lost.
        await sweepJobs(service, silentLog, inAMinute())
        return {
          uploaded: (await service.catalog.photos.find(uploaded.id))?.status,
          look: (await service.catalog.photos.find(changed.id))?.look?.filter,
          deleted: await service.catalog.removals.find(deleted.id),
        }
      }
      await expect.poll(done).toEqual({ uploaded: 'ready', look: 'mono', deleted: null })
    })
  }
})

testWithRedis(
  'a job that ends while Redis takes no writes costs no attempt',
  { timeout: 120_000 },
  async () => {
    await using redis = await openTestRedis()
    await using queue = openRedisQueue(parseRedisUrl(redis.url) as RedisAddress, silentLog)
    await expect.poll(async () => await queue.check().then(() => 'ready', String)).toBe('ready')
    const { enter, leave } = STATES.NOREPLICAS as State
    const failures: Error[] = []
    let runs = 0
    const render = async () => {
      runs += 1
      if (runs > 4) return
      await enter(redis)
      setTimeout(() => void leave(redis), 500)
      throw new TypeError('what else goes wrong')
    }
    await using _work = queue.work({
      lane: 'live',
      handlers: { ...idle, resize: render },
      onFailed: async (_job, error) => void failures.push(error),
    })

    await queue.enqueue({ kind: 'resize', photoId: '764879989359635463' as PhotoId })

    // Its three attempts, and no fourth: none of them was counted twice for what Redis would not take.
    await expect.poll(() => failures.length).toBe(1)
    expect(runs).toBe(3)
  },
)

testWithRedis('a worker that begins while Redis takes no writes says so once', async () => {
  await using redis = await openTestRedis()
  await STATES.NOREPLICAS?.enter(redis)
  const { log, lines } = recordedLog()
  await using queue = openRedisQueue(parseRedisUrl(redis.url) as RedisAddress, log)
  await using _work = queue.work({
    lane: 'live',
    handlers: idle,
    onFailed: nothing,
  })

  await expect.poll(() => lines.length).toBeGreaterThan(0)
  await sleep(3_000)

  expect(lines.map(({ msg, cause }) => [msg, cause])).toEqual([
    ['Redis is unavailable; asking again until it is back', expect.stringMatching(/^NOREPLICAS/)],
  ])
})

for (const prefix of ['OOM', 'READONLY']) {
  testWithRedis(`the doctor tells of a Redis that takes no jobs, and why: ${prefix}`, async () => {
    await using database = await openTestDatabase()
    await using home = await mkdtempDisposable(join(tmpdir(), 'darkroom-home-'))
    await using redis = await openTestRedis()
    await STATES[prefix]?.enter(redis)

    const env = { DARKROOM_HOME: home.path, DATABASE_URL: database.url, QUEUE_URL: redis.url, PORT: '1' }
    const findings = await Array.fromAsync(examine(env))

    expect(findings.find(({ name }) => name === 'queue')).toMatchObject({
      isWell: false,
      detail: expect.stringContaining(prefix),
    })
  })
}

describe('a service that Redis lets not do what a queue needs is not started, and is told what does', () => {
  const users = {
    'no INFO': ['~*', '+@all', '-info'],
    'other keys': ['~another-app:*', '+@all'],
    'no scripts': ['~*', '+@all', '-@scripting'],
    'no writes': ['~*', '+@all', '-@write'],
  }
  for (const [lack, rules] of Object.entries(users)) {
    testWithRedis(lack, async () => {
      await using redis = await openTestRedis()
      await redis.command('acl', 'setuser', 'darkroom', 'on', '>secret', ...rules)
      const QUEUE_URL = redis.url.replace('//', '//darkroom:secret@')

      const started = startService({ QUEUE_URL })

      await expect(started).rejects.toThrow(SetupError)
      await expect(started).rejects.toThrow('ACL SETUSER darkroom ~{darkroom}:* +@all -@dangerous +info')
    })
  }

  testWithRedis('and a photo goes its whole way with that', { timeout: 60_000 }, async () => {
    await using redis = await openTestRedis()
    const rules = ['~{darkroom}:*', '+@all', '-@dangerous', '+info']
    await redis.command('acl', 'setuser', 'darkroom', 'on', '>secret', ...rules)
    await using service = await startService({ QUEUE_URL: redis.url.replace('//', '//darkroom:secret@') })
    await using _work = service.work()

    const { id } = await upload(service)

    await expect.poll(async () => (await service.catalog.photos.find(id))?.status).toBe('ready')
  })
})
