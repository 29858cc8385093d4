import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { memcached } from '../scripts/services/memcached.ts'
import { startTemporarily } from '../scripts/services/running-service.ts'
import { isInstalled } from '../scripts/services/service.ts'
import type { Database } from '../src/catalog/database/database.ts'
import { loadConfig } from '../src/config/config.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { signToken } from '../src/http/auth/sign-token.ts'
import { openTokenSecret } from '../src/http/auth/token-secret.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { API_NODE_FLAGS } from '../src/start.ts'
import { supervise } from '../src/supervisor/supervisor.ts'
import type { Bench } from './bench.ts'
import type { Darkroom } from './darkroom.ts'
import { type Figure, value } from './line.ts'
import { quantile } from './measure.ts'
import { processorSeconds } from './process-figures.ts'

const PAGE = 30
/** Pages a second, from all viewers in turn. */
const RATE = 200
const LOAD_S = 20
const CLIENTS = 32
const STATISTICS_MS = 2_000

/** Pages over HTTP without a cache, and with a memcached, where there is one. */
export async function measureLoad(
  bench: Bench,
  { darkroom, database }: { darkroom: Darkroom; database: Database },
  viewers: readonly OwnerId[],
): Promise<Figure[]> {
  const alone = await measureServer(bench, { ...darkroom, database }, viewers, '')
  if (!isInstalled(memcached)) return alone
  await using cache = await startTemporarily(memcached)
  await using api = await startApi(bench, { ...darkroom.env, ...cache.env, PORT: String(await freePort()) })
  const cached = await measureServer(bench, { ...darkroom, ...api, database }, viewers, 'with memcached: ')
  return [...alone, ...cached]
}

/** Another server of the same home. */
async function startApi(bench: Bench, env: Record<string, string>) {
  const command = [...API_NODE_FLAGS, join(import.meta.dirname, '../src/cli.ts'), 'serve']
  const api = supervise({ name: 'api with a cache', command, env, log: bench.log })
  await api.ready
  return {
    api,
    url: loadConfig(env).publicUrl,
    [Symbol.asyncDispose]: async () => await api[Symbol.asyncDispose](),
  }
}

/** At a steady rate, whether or not those before have come; and those that the client has already. */
async function measureServer(
  bench: Bench,
  darkroom: Pick<Darkroom, 'config' | 'url' | 'api'> & { database: Database },
  viewers: readonly OwnerId[],
  name: string,
): Promise<Figure[]> {
  const secret = await openTokenSecret(darkroom.config.home)
  const headers = await Promise.all(
    viewers.map(async (viewer) => ({ authorization: `Bearer ${await signToken(secret, viewer, 3_600)}` })),
  )
  const url = `${darkroom.url}/v1/feed?limit=${PAGE}&presets=thumb,feed&formats=avif,jpeg&urls=parts`
  const etags = new Map<number, string>()
  const ask = async (n: number, isRepeat: boolean): Promise<void> => {
    const known = isRepeat ? { 'if-none-match': etags.get(n) ?? '' } : {}
    const reply = await fetch(url, { headers: { ...headers[n], ...known } })
    await reply.arrayBuffer()
    if (reply.status !== (isRepeat ? 304 : 200)) throw new Error(`a feed was answered with ${reply.status}`)
    etags.set(n, reply.headers.get('etag') ?? '')
  }
  /** From the moment that each was due: what waits for others, as the machine is too slow, counts. */
  const load = async (isRepeat: boolean) => {
    const count = RATE * bench.rounds(LOAD_S)
    const startAt = performance.now()
    const times: number[] = []
    let next = 0
    const client = async () => {
      while (next < count) {
        const n = next++
        const dueAt = startAt + (n / RATE) * 1_000
        await sleep(Math.max(0, dueAt - performance.now()))
        await ask(n % viewers.length, isRepeat)
        times.push(performance.now() - dueAt)
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    return times
  }
  const cpuOf = async (pids: readonly number[], work: () => Promise<unknown>) => {
    const all = async () => {
      const seconds = await Promise.all(pids.map(processorSeconds))
      return seconds.reduce((sum, each) => sum + each, 0)
    }
    const before = await all()
    await work()
    return (((await all()) - before) * 1_000) / (RATE * bench.rounds(LOAD_S))
  }
  const api = darkroom.api.pid ?? 0
  // Those of heads that are remembered.
  const goal = (below: number) => (name === '' ? null : { below })
  const both = [api, bench.postgresPid]
  await load(false)
  let times: number[] = []
  const cpu = await cpuOf(both, async () => {
    times = await load(false)
  })
  let known: number[] = []
  const before = await statementsOf(darkroom.database)
  const cpuOfKnown = await cpuOf([api], async () => {
    known = await load(true)
  })
  const statements = (await statementsOf(darkroom.database)) - before
  return [
    value(`${name}a page over HTTP, CPU of API and PostgreSQL`, 'ms', cpu),
    value(`${name}one that the client has (304), CPU of the API`, 'ms', cpuOfKnown, goal(1)),
    value(`${name}the same, statements`, 'each', statements / known.length, goal(0.1)),
    value(`${name}${RATE} pages a second, p50`, 'ms', quantile(times, 0.5), goal(5)),
    value(`${name}the same, p99`, 'ms', quantile(times, 0.99), goal(15)),
    value(`${name}${RATE} a second that the client has, p50`, 'ms', quantile(known, 0.5)),
  ]
}

/** Of all servers so far, with what they ask besides. Connections tell of theirs once a second. */
async function statementsOf(database: Database): Promise<number> {
  await sleep(STATISTICS_MS)
  const [row] = await database.query<{ commits: number }>(
    'select xact_commit::float8 as commits from pg_stat_database where datname = current_database()',
  )
  return row?.commits ?? Number.NaN
}
