import { expect } from 'vitest'
import { loadConfig, type WebhookConfig } from '../../src/config/config.ts'
import type { ShardRange } from '../../src/config/shard-ranges.ts'
import { type OwnerId, shardOfOwner } from '../../src/photo/shard.ts'
import type { Job } from '../../src/queue/job.ts'
import type { RunEngines } from '../../src/runs/run-kind.ts'
import { relay } from '../../src/webhooks/relay.ts'
import { webhookStatus } from '../../src/webhooks/status.ts'
import { Webhook } from '../../src/webhooks/webhook.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'
import { openReceiver, type Received, type Receiver } from './receiver.ts'
import { openRunServer, type RunServer, work } from './runs.ts'
import { silentLog } from './service.ts'

export const LOOK_MS = 20

/** A database, an app that is to be told what happens in it, and servers that tell it. */
export type RelayTest = AsyncDisposable & {
  database: TestDatabase
  receiver: Receiver
  server: RunServer
  /** What the relay has promised. */
  jobs: Job[]
  /** Another server tells, with engines of its own unless given, until disposed. */
  tell(engines?: RunEngines, log?: typeof silentLog): AsyncDisposable
  /** A server has told once, so that all that happens from now on is told. */
  begin(): Promise<void>
}

/** On a database of its own, unless others are there that have these shards: of several the first has the runs. */
export async function openRelay(ranges?: readonly ShardRange[], first?: TestDatabase): Promise<RelayTest> {
  await using opened = new AsyncDisposableStack()
  const database = first ?? opened.use(await openTestDatabase())
  const receiver = opened.use(await openReceiver())
  const jobs: Job[] = []
  const queue = { enqueue: async (job: Job) => void jobs.push(job) }
  const server = opened.use(openRunServer(database, queue, ranges))
  const webhook = opened.use(new Webhook(loadConfig(receiver.env).webhook as WebhookConfig))
  const kinds = [relay(webhook, { lookMs: LOOK_MS })]
  const tell = (engines = server.engines, log = silentLog) => work({ engines }, kinds, log)
  const owned = opened.move()
  return {
    database,
    receiver,
    server,
    jobs,
    tell,
    begin: async () => {
      const { recurringRuns, runParts } = server.catalog
      await recurringRuns.keep({ kind: 'webhooks', slices: [{}], inSeconds: 0 })
      const part = await runParts.take({ holder: 'first', kinds: ['webhooks'], except: [] })
      const [kind] = kinds
      if (!part || !kind) throw new Error('no part')
      for await (const { cursor } of kind.work(
        server.engines,
        { ...part, pausing: AbortSignal.timeout(0) },
        silentLog,
      )) {
        await runParts.move(part, { cursor, ...NOTHING })
      }
      await runParts.leave(part, 0)
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

const NOTHING = {
  inFlight: [],
  done: 0,
  skipped: 0,
  failed: [],
  tally: {},
  costsOf: null,
  selected: null,
  heldBecause: null,
}

/** So many events of an owner's, as their triggers write them. Returns their ids. */
export async function happen(
  { database }: Pick<RelayTest, 'database'>,
  owner: string,
  count = 1,
  { isNew = false, type = 'photo.ready' } = {},
): Promise<string[]> {
  const shard = shardOfOwner(owner as OwnerId)
  const rows = await database.query(
    `insert into photo_events (id, owner, photo_id, type, visibility, is_new)
     select next_photo_id(${shard}), '${owner}', next_photo_id(${shard}), '${type}', 'public', ${isNew}
     from generate_series(1, ${count}) returning id::text`,
  )
  return (rows as { id: string }[]).map(({ id }) => id)
}

/** Nobody waits: what is to be sent later is sent now. */
export async function hurry(it: Pick<RelayTest, 'database'>): Promise<void> {
  await it.database.query('update run_parts set due_at = now() where holder is null')
  await sendRefused(it)
}

/** What was refused is sent again as soon as the app is asked again. */
export async function sendRefused({ database }: Pick<RelayTest, 'database'>): Promise<void> {
  await database.query('update photo_events set retry_at = now() where retry_at > now()')
}

export type ToldEvent = { id: string; owner: string; type: string }

/** The events of messages, in the order in which they came; again those that came again. */
export function eventsOf(messages: readonly Received[]): ToldEvent[] {
  return messages.flatMap(({ body }) => {
    const { type, data } = JSON.parse(body) as { type: string; data: { events: ToldEvent[] } }
    return type === 'photo.events' ? data.events : []
  })
}

/** Ids of an owner's events, each where it came first. */
export function firstSeen(messages: readonly Received[], owner: string): string[] {
  const ids = eventsOf(messages).flatMap((event) => (event.owner === owner ? [event.id] : []))
  return [...new Set(ids)]
}

/** Until so many different events were taken. */
export async function taken({ receiver }: RelayTest, count: number): Promise<void> {
  await expect
    .poll(() => new Set(eventsOf(receiver.accepted).map(({ id }) => id)).size, { interval: 20 })
    .toBe(count)
}

export const statusOf = async ({ server }: RelayTest) => await webhookStatus(server.catalog)
