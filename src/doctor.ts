import { randomUUID } from 'node:crypto'
import { access, constants, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, loadConfig } from './config/config.ts'
import { examineCdn } from './delivery/examine-cdn.ts'
import { inspectPlaces } from './embedded-postgres/inspect-places.ts'
import { DarkroomError, SetupError } from './errors.ts'
import { openFilterBook } from './filters/filter-book.ts'
import { examineTokens } from './http/auth/examine-tokens.ts'
import { createLog } from './log.ts'
import { readPresets } from './presets/read-presets.ts'
import { openServices, type Services } from './services.ts'

/** One thing that was looked at. `detail` says what was seen, or what is wrong and how to mend it. */
export type Finding = { name: string; isWell: boolean; detail: string }

const LOW_SPACE_BYTES = 2e9
const MAX_SKEW_MS = 2_000
const DURATIONS = [
  ['days', 24 * 3_600_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1000],
] as const

/**
 * Looks at the configuration, then at each engine it names, and goes on past what is broken. With `fix` it creates
 * what is missing on the bucket of the objects.
 */
export async function* examine(env: NodeJS.ProcessEnv, { fix = false } = {}): AsyncGenerator<Finding> {
  let config: Config
  try {
    config = loadConfig(env)
  } catch (error) {
    yield bad('configuration', error)
    return
  }
  yield well(
    'configuration',
    `${config.publicUrl}, ${config.workers} workers, photos up to ${config.maxUploadBytes / 1e6} MB and ${config.maxPixels / 1e6} megapixels`,
  )
  yield await look('runtime', async () => `Node ${process.versions.node}`)
  yield await look('filters', async () => await examineFilters(config.filtersDirectory))
  yield await look('presets', async () => await examinePresets(config))
  yield await look('tokens', async () => await examineTokens(config))
  yield await look('CDN', async () => await examineCdn(config.cdn))
  yield await look('home', async () => await examineHome(config.home))

  yield* inspectPlaces(join(config.home, 'postgres'), { fix })

  const log = createLog('doctor', 'error')
  try {
    await using services = await openServices(config, log, { connections: 2, presets: [] })
    yield await look('database', async () => await examineDatabase(services))
    yield await look('queue', async () => await examineQueue(services))
    if (config.store.kind === 's3') {
      const { inspectBucket } = await import('./storage/bucket-setup.ts')
      yield* inspectBucket(config.store, { fix })
    }
    yield await look('storage', async () => await examineStore(services))
    yield well('signing key', `key pair ${services.signingKey.keyPairId}`)
  } catch (error) {
    yield bad('engines', error)
  }
  yield await look('api', async () => await examineApi(config.publicUrl))
}

async function examineFilters(directory: string): Promise<string> {
  const { all, badFiles } = await openFilterBook(directory)
  if (badFiles.length > 0) {
    throw new SetupError(badFiles.map(({ path, reason }) => `${path} is no filter: ${reason}`).join('\n'))
  }
  const own = all.filter(({ isOwn }) => isOwn).length
  return `${own} of ours, ${all.length - own} from ${directory}`
}

async function examineHome(home: string): Promise<string> {
  await access(home, constants.R_OK | constants.W_OK | constants.X_OK).catch((cause) => {
    throw new SetupError(
      `${home} can't be read and written. Run \`darkroom start\` once, or name another with DARKROOM_HOME.`,
      { cause },
    )
  })
  const { bavail, bsize } = await statfs(home)
  const free = `${((bavail * bsize) / 1e9).toFixed(1)} GB free`
  if (bavail * bsize < LOW_SPACE_BYTES)
    throw new SetupError(`${home} has only ${free}. Make room: uploads fail when the disk is full.`)
  return `${home}, ${free}`
}

async function examineDatabase({ catalog }: Services): Promise<string> {
  const databases = await catalog.health.describe()
  checkClocks([{ name: 'this machine', skewMs: 0 }, ...databases])
  const versions = [...new Set(databases.map(({ version }) => version))]
  const tables = databases.length === 1 ? 'tables' : `${databases.length} databases, tables`
  const ahead = databases.filter(({ idsAheadMs }) => idsAheadMs > MAX_SKEW_MS).map(tellOfIdsAhead)
  return [`PostgreSQL ${versions.join(' and ')}, ${tables} are there`, ...ahead].join('\n')
}

/** Each against each: two databases may be further apart than either is from us. */
function checkClocks(clocks: readonly { name: string; skewMs: number }[]): void {
  const [latest, ...others] = clocks.toSorted((a, b) => b.skewMs - a.skewMs)
  const earliest = others.at(-1)
  if (!latest || !earliest || latest.skewMs - earliest.skewMs <= MAX_SKEW_MS) return
  throw new SetupError(
    `The clock of ${latest.name} is ${durationOf(latest.skewMs - earliest.skewMs)} ahead of that of ${earliest.name}. ` +
      'Set both by NTP: ids and the expiry of URLs follow them.',
  )
}

function tellOfIdsAhead({ name, idsAheadMs }: { name: string; idsAheadMs: number }): string {
  return `The clock of ${name} was ahead once: until it has caught up, in ${durationOf(idsAheadMs)}, some new photos are dated later than they are.`
}

function durationOf(ms: number): string {
  const [unit, size] = DURATIONS.find(([, size]) => ms >= 2 * size) ?? ['ms', 1]
  return `${Math.round(ms / size)} ${unit}`
}

async function examinePresets({ presetsFile }: Config): Promise<string> {
  const presets = await readPresets(presetsFile)
  return presets.map(({ name }) => name).join(', ')
}

async function examineQueue({ queue }: Services): Promise<string> {
  // Counting reads; a Redis that is full, or a replica, reads well.
  await queue.check()
  const { waiting, active, delayed, failed } = await queue.counts()
  return `${waiting} waiting, ${active} running, ${delayed} to be tried again, ${failed} failed and kept`
}

async function examineStore({ store }: Services): Promise<string> {
  // A check tells that it answers; only a put tells that we may.
  const key = `doctor/${randomUUID()}`
  await store.put(key, Buffer.from('probe'), { contentType: 'text/plain' })
  await store.delete([key])
  return 'an object was put and deleted'
}

async function examineApi(url: string): Promise<string> {
  const reply = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch((cause) => {
    throw new SetupError(`Nothing answers at ${url}. Run \`darkroom start\` or \`darkroom serve\`.`, {
      cause,
    })
  })
  if (!reply.ok)
    throw new SetupError(`${url}/readyz answers ${reply.status}: ${(await reply.text()).slice(0, 300)}`)
  return `${url} is ready`
}

async function look(name: string, examineIt: () => Promise<string>): Promise<Finding> {
  try {
    return well(name, await examineIt())
  } catch (error) {
    return bad(name, error)
  }
}

function well(name: string, detail: string): Finding {
  return { name, isWell: true, detail }
}

function bad(name: string, error: unknown): Finding {
  if (error instanceof DarkroomError) return { name, isWell: false, detail: withCause(error) }
  return { name, isWell: false, detail: error instanceof Error ? error.message : String(error) }
}

/** "The database does not answer" is for clients; whoever runs the doctor wants to know why. */
function withCause({ message, cause }: DarkroomError): string {
  const reason = cause instanceof Error ? reasonOf(cause) : ''
  return reason && !message.includes(reason) ? `${message}\n(${reason})` : message
}

/** The innermost, as "fetch failed" is none. */
function reasonOf(error: Error): string {
  if (error.cause instanceof Error) return reasonOf(error.cause)
  return error.message || ('code' in error ? String(error.code) : '')
}
