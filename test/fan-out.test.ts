import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { childrenOf } from '../chaos/processes.ts'
import { loadConfig, type WebhookConfig } from '../src/config/config.ts'
import { WebhookWaitsError } from '../src/errors.ts'
import { firstIdAt, type PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { FollowersPage, Job } from '../src/queue/job.ts'
import { GIVE_UP_MS } from '../src/webhooks/relay.ts'
import { Webhook } from '../src/webhooks/webhook.ts'
import { superviseWorkers } from '../src/worker-processes.ts'
import { fanOut } from '../workers/jobs/fan-out.ts'
import { follow } from './support/followers.ts'
import { insertPhoto } from './support/photos.ts'
import { always, openReceiver, type Received, type Receiver } from './support/receiver.ts'
import { recordedLog, silentLog, startService, type TestService } from './support/service.ts'

type Told = { photo: string; owner: string; viewers: string[] }

let service: TestService
let receiver: Receiver
let webhook: Webhook
beforeAll(async () => {
  receiver = await openReceiver()
  // No relay of its own.
  service = await startService()
  webhook = new Webhook(loadConfig(receiver.env).webhook as WebhookConfig)
})
beforeEach(() => {
  receiver.received.length = 0
  receiver.accepted.length = 0
  receiver.reply = always(204)
})
afterAll(async () => {
  webhook[Symbol.dispose]()
  await service[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

let owners = 0

/** A photo that others see, of an owner whom so many follow. */
async function posted(count: number) {
  const owner = `poster-${owners++}` as OwnerId
  const followers = await follow(service.database, owner, count)
  const photo = await insertPhoto(service.catalog, owner)
  await service.database.query(
    `update photos set status = 'ready', renditions = '', later_renditions = '' where id = ${photo}`,
  )
  const page: FollowersPage = { number: 0, event: photo, after: null }
  return { owner, followers, photo, job: { kind: 'fanout', photoId: photo, page } as Job }
}

/** Of the photo, in the order of their viewers: a few are on their way at a time. */
const feedsOf = (messages: readonly Received[], photo: PhotoId) =>
  messages
    .filter(({ body }) => body.includes('"feed.new"') && body.includes(photo))
    .toSorted((a, b) => (a.body < b.body ? -1 : 1))
const viewersOf = (messages: readonly Received[]) =>
  messages.flatMap(({ body }) => (JSON.parse(body) as { data: Told }).data.viewers)

/** The job and those it promises, one after the other. Returns how many there were. */
async function workThrough(first: Job, turnMs?: number): Promise<number> {
  const jobs = [first]
  const queue = { enqueue: async (job: Job) => void jobs.push(job) }
  const handler = fanOut({ ...service, queue, webhook }, silentLog, turnMs === undefined ? {} : { turnMs })
  for (const job of jobs) await handler(job)
  return jobs.length
}

describe('of a new photo the app is told', () => {
  test('who follows its owner, a thousand viewers in a message', async () => {
    const { owner, followers, photo, job } = await posted(2_400)

    expect(await workThrough(job)).toBe(1)

    const messages = feedsOf(receiver.accepted, photo)
    expect(viewersOf(messages)).toEqual(followers)
    expect(messages.map((message) => viewersOf([message]).length)).toEqual([1_000, 1_000, 400])
    expect(JSON.parse(messages[0]?.body ?? '')).toMatchObject({ type: 'feed.new', data: { photo, owner } })
  })

  test('in turns: each job sends for a while, and promises the rest', async () => {
    const { followers, photo, job } = await posted(8_000)

    expect(await workThrough(job, 0)).toBe(3)

    expect(viewersOf(feedsOf(receiver.accepted, photo))).toEqual(followers)
  })

  test('again by the same messages', async () => {
    const { photo, job } = await posted(1_200)

    await workThrough(job)
    await workThrough(job)

    const [one, again, two, twice] = feedsOf(receiver.accepted, photo).map(({ id, body }) => ({ id, body }))
    expect([again, twice]).toEqual([one, two])
    expect(one?.id).not.toBe(two?.id)
  })

  test('by another message when somebody has come or gone meanwhile, as it is for others', async () => {
    const { owner, photo, job } = await posted(5)
    await workThrough(job)

    await service.database.query(
      `update followers set is_gone = true where owner = '${owner}' and viewer like '%1'`,
    )
    await workThrough(job)

    const [one, two] = feedsOf(receiver.accepted, photo)
    expect(two?.id).not.toBe(one?.id)
  })

  test('nothing when nobody follows its owner, and nothing more when it is private, or gone', async () => {
    const nobody = await posted(0)
    const { photo, job } = await posted(6_000)
    receiver.reply = async (message, response) => {
      await service.database.query(`update photos set visibility = 'private' where id = ${photo}`)
      await always(204)(message, response)
    }

    await workThrough(nobody.job)
    expect(feedsOf(receiver.received, nobody.photo)).toEqual([])
    await workThrough(job)
    expect(viewersOf(feedsOf(receiver.accepted, photo))).toHaveLength(4_000)
  })
})

describe('while the app takes nothing', () => {
  test('the job waits, and what was taken before is not sent again', async () => {
    const { followers, photo, job } = await posted(2_000)
    const isLast = ({ body }: Received) => body.includes(followers.at(-1) as string)
    receiver.reply = (message, response) => always(isLast(message) ? 503 : 204)(message, response)
    const jobs: Job[] = []
    const queue = { enqueue: async (job: Job) => void jobs.push(job) }
    const handler = fanOut({ ...service, queue, webhook }, silentLog)

    await handler(job)
    await expect(handler(jobs[0] as Job)).rejects.toThrow(WebhookWaitsError)
    receiver.reply = always(204)
    await handler(jobs[0] as Job)

    expect(viewersOf(feedsOf(receiver.accepted, photo))).toEqual(followers)
    expect(feedsOf(receiver.received, photo)).toHaveLength(4)
  })

  test('for days, or wants no more, nobody is told any more', async () => {
    const { photo, job } = await posted(3)
    const { log, lines } = recordedLog()
    const old = firstIdAt(new Date(Date.now() - GIVE_UP_MS - 1_000))
    const handler = fanOut({ ...service, webhook }, log)

    await handler({ ...job, page: { ...(job.page as FollowersPage), event: old } })
    expect(receiver.received).toEqual([])
    expect(lines).toMatchObject([{ photoId: photo, msg: expect.stringContaining('followers are not told') }])

    receiver.reply = always(410)
    await handler(job)
    expect(feedsOf(receiver.received, photo)).toHaveLength(1)
  })

  test('as this worker does not know it, the job waits for one who does', async () => {
    const { job } = await posted(3)

    await expect(fanOut({ ...service, webhook: null }, silentLog)(job)).rejects.toThrow('no WEBHOOK_URL')
  })
})

test('a worker that is killed between two pages leaves nobody out, and repeats a page by its id', async () => {
  const { followers, photo, job } = await posted(6_500)
  const workers = async () =>
    (await childrenOf(process.pid))
      .filter(({ command }) => command.includes('--lane batch'))
      .map(({ pid }) => pid)
  let killedAt: number | null = null
  receiver.reply = async (message, response) => {
    // Of the second turn of messages: it hears of no answer.
    if (receiver.received.length === 6) {
      for (const pid of await workers()) process.kill(pid, 'SIGKILL')
      killedAt = receiver.received.length
    }
    await always(204)(message, response)
  }
  await using _workers = superviseWorkers({
    lanes: ['batch'],
    count: 1,
    batchNice: 0,
    env: {
      PATH: process.env.PATH,
      DARKROOM_HOME: service.config.home,
      DATABASE_URL: service.database.url,
      LOG_LEVEL: 'error',
      ...receiver.env,
    },
    log: pino({ level: 'silent' }),
  })

  await service.queue.enqueue(job)
  const toldSinceKill = () => {
    const messages = killedAt === null ? [] : receiver.received.slice(killedAt)
    return [...new Set(viewersOf(feedsOf(messages, photo)))].toSorted()
  }
  // Where the first turn took longer than a job has, what follows is a job of its own.
  const secondTurn = followers.slice(4_000)
  await expect.poll(toldSinceKill).toEqual(expect.arrayContaining(secondTurn))

  const messages = Map.groupBy(feedsOf(receiver.received, photo), ({ id }) => id)
  expect(messages.size).toBe(7)
  for (const same of messages.values()) expect(new Set(same.map(({ body }) => body)).size).toBe(1)
  expect([followers, secondTurn]).toContainEqual(toldSinceKill())
})
