import { randomUUID } from 'node:crypto'
import type { ReplicaState } from '../catalog/database/read-replica.ts'
import type { Config } from '../config/config.ts'
import { SetupError } from '../errors.ts'
import type { Log } from '../log.ts'
import { openCache, type Services } from '../services.ts'
import { RELAY } from '../webhooks/relay.ts'
import { webhookBacklog, webhookStatus } from '../webhooks/status.ts'
import { checkClocks, tellOfIdsAhead } from './clocks.ts'

export async function examineDatabase({ catalog }: Services): Promise<string> {
  const databases = await catalog.health.describe()
  checkClocks([{ name: 'this machine', skewMs: 0 }, ...databases])
  const versions = [...new Set(databases.map(({ version }) => version))]
  const tables = databases.length === 1 ? 'tables' : `${databases.length} databases, tables`
  return [`PostgreSQL ${versions.join(' and ')}, ${tables} are there`, ...tellOfIdsAhead(databases)].join(
    '\n',
  )
}

/** Whether each replica that is configured is read from. */
export async function examineReplicas(replicas: readonly ReplicaState[]): Promise<string> {
  const left = replicas.filter(({ reason }) => reason !== null)
  if (left.length > 0) {
    const lines = left.map(
      ({ name, database, reason }) => `${name} is not read from, but ${database}: ${reason}`,
    )
    throw new SetupError(lines.join('\n'))
  }
  return `read from ${replicas.map(({ name }) => name).join(', ')}`
}

export async function examineQueue({ queue }: Services): Promise<string> {
  // Counting reads; a Redis that is full, or a replica, reads well.
  await queue.check()
  const { waiting, active, delayed, failed } = await queue.counts()
  return `${waiting} waiting, ${active} running, ${delayed} to be tried again, ${failed} failed and kept`
}

/** Servers go on without it, so nothing else says what is wrong with it. */
export async function examineCache({ cache: config }: Pick<Config, 'cache'>, log: Log): Promise<string> {
  using cache = openCache(config, log)
  if (!cache) return 'none: feeds ask the database for heads each time'
  const key = `darkroom:doctor:${randomUUID()}`
  const probe = Buffer.from(key)
  await cache.update(key, () => probe)
  const isThere = (await cache.latest(key))?.equals(probe)
  if (!isThere) throw new SetupError('The cache does not keep what is written to it, not even for a moment.')
  // For an hour, not for ever.
  await cache.set(new Map([[key, probe]]))
  return 'what was written to it was read'
}

/** What servers do by themselves goes on only when it is not paused, and nothing is in its way. */
export async function examineRuns({ catalog }: Services): Promise<string> {
  // That of webhooks is looked at by itself.
  const runs = (await catalog.runs.list()).filter(({ kind }) => kind !== RELAY)
  const bad = runs.flatMap(({ id, kind, recurs, state, reason }) => {
    if (state === 'stopped') {
      return [
        `Run ${id} (${kind}) is stopped: ${reason} \`darkroom runs resume ${id}\` goes on, \`runs cancel ${id}\` ends it.`,
      ]
    }
    if (recurs && state === 'paused') {
      return [
        `Run ${id} (${kind}) is paused, and servers need it: \`darkroom runs resume ${id}\` lets them go on.`,
      ]
    }
    // Others may go slowly of their own accord, and `darkroom runs` says why.
    return !recurs || reason === null ? [] : [`Run ${id} (${kind}) waits: ${reason}`]
  })
  if (bad.length > 0) throw new SetupError(bad.join('\n'))
  const going = runs.filter(({ recurs, state }) => !recurs && (state === 'running' || state === 'pausing'))
  return `${going.length} running, besides the servers' own`
}

/** Whether the app takes what it is told. */
export async function examineWebhook({ catalog, webhook }: Services): Promise<string> {
  const { state, because } = await webhookStatus(catalog)
  if (state === 'off')
    throw new SetupError(`Webhooks are off: ${because} \`darkroom webhooks on\` lets them go on.`)
  if (state === 'failing')
    throw new SetupError(`${webhook?.name} takes nothing, and is tried again. ${because}`)
  const { untold, refused, since } = await webhookBacklog(catalog)
  if (refused > 0)
    throw new SetupError(
      `${webhook?.name} refuses ${refused} events. \`darkroom webhooks failures\` says which, and why.`,
    )
  const waiting = since === null ? 'nothing waits' : `${untold} events wait, the first since ${since}`
  return `${webhook?.name}, ${state === 'new' ? 'no server has begun yet' : waiting}`
}

export async function examineStore({ store }: Services): Promise<string> {
  // A check tells that it answers; only a put tells that we may.
  const key = `doctor/${randomUUID()}`
  await store.put(key, Buffer.from('probe'), { contentType: 'text/plain' })
  await store.delete([key])
  return 'an object was put and deleted'
}

export async function examineApi({ publicUrl: url }: Config): Promise<string> {
  const reply = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch((cause) => {
    throw new SetupError(`Nothing answers at ${url}. Run \`darkroom start\` or \`darkroom serve\`.`, {
      cause,
    })
  })
  if (!reply.ok)
    throw new SetupError(`${url}/readyz answers ${reply.status}: ${(await reply.text()).slice(0, 300)}`)
  return `${url} is ready`
}
