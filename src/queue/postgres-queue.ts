import {
  assertSchemaCompatibility,
  createPostgresBackend,
  LATEST_SCHEMA_VERSION,
  type PostgresConnectionOptions,
  runMigrations,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
  UnsupportedPostgresVersionError,
  withBackend,
} from 'bullmq'
import type pg from 'pg'
import { EngineUnavailableError, SetupError } from '../errors.ts'
import { type Log, onceAMinute } from '../log.ts'
import { isPostgresUnavailable, openPool, refusalOf, withPostgres } from '../postgres/connections.ts'
import { isRefusedByPooler } from '../postgres/errors.ts'
import {
  type JobPlace,
  type KeptState,
  MAX_DEMAND,
  type Payload,
  type PhotoJob,
  type PhotoQueue,
  type PhotoWorker,
  QUEUE_NAMES,
} from './bullmq-backend.ts'
import { BullmqQueue } from './bullmq-queue.ts'
import { workerOptions } from './bullmq-work.ts'
import { type JobKind, LANES, type Lane } from './job.ts'
import type { LaneCounts } from './job-queue.ts'
import { patientBackend } from './patient-backend.ts'
import { patientPool, type QueuePool } from './patient-pool.ts'

/**
 * BullMQ keeps its tables in a schema of its own, and finds them by the connection's search path. Its commits wait
 * for no disk: of the last moments before a crash the sweep enqueues again what is missing, and a job may run twice.
 */
const SETTINGS = '-c search_path=bullmq -c synchronous_commit=off -c statement_timeout=14s'

const { Queue } = withBackend(createPostgresBackend)

/** The queue on PostgreSQL. One of the connections listens for new jobs, so it must be a direct one, not a pooler's. */
export function openPostgresQueue(url: string, log: Log): BullmqQueue {
  const opened = openPool({
    url,
    options: SETTINGS,
    max: 5,
    keepAlive: true,
    application_name: 'darkroom-queue',
  })
  const { pool } = opened
  const tell = onceAMinute((fields, message) => log.error(fields, message))
  const report = (err: Error) =>
    isPostgresUnavailable(err) || tell({ err }, 'an error in the queue that is not known')

  return new BullmqQueue(
    {
      queues: {
        live: lastingQueue(pool, QUEUE_NAMES.live, report),
        batch: lastingQueue(pool, QUEUE_NAMES.batch, report),
      },
      states: async (places) => await readStates(pool, places),
      oldestWaiting: async (lane) => await readOldestWaiting(pool, lane),
      demand: async () => await readDemand(pool),
      startWorker: (lane, processor) => startWorker(pool, lane, processor, log),
      unavailableBecause: (error) => (isPostgresUnavailable(error) ? error : null),
      check: async () => {
        await refusePooler(pool, url)
        await checkTables(pool)
        await checkWrites(pool)
      },
      close: async () => await opened[Symbol.asyncDispose](),
    },
    log,
  )
}

/** BullMQ describes the part of pg it uses in types of its own, which pg's own don't quite fit. */
function connectionTo(pool: unknown): PostgresConnectionOptions {
  return pool as PostgresConnectionOptions
}

/**
 * Fails at once while the server is unavailable.
 *
 * @NOTE BullMQ's queue remembers for ever that its first connection failed: then it is replaced.
 */
function lastingQueue(pool: pg.Pool, name: string, report: (error: Error) => void): PhotoQueue {
  const create = () => {
    const queue = new Queue<Payload, void, JobKind>(name, { connection: connectionTo(deafPool(pool)) })
    queue.on('error', report)
    // Whoever uses it is told.
    queue.waitUntilReady().catch(() => {})
    return queue
  }
  let queue = create()
  const ready = async () => {
    const tried = queue
    try {
      await tried.waitUntilReady()
      return tried
    } catch (error) {
      if (queue === tried) {
        queue = create()
        await tried.close()
      }
      throw error
    }
  }
  return {
    add: async (...job: Parameters<typeof queue.add>) => await (await ready()).add(...job),
    getJob: async (id: string) => await (await ready()).getJob(id),
    getJobCounts: async (...states: Parameters<typeof queue.getJobCounts>) =>
      await (await ready()).getJobCounts(...states),
    getRanges: async (...range: Parameters<typeof queue.getRanges>) =>
      await (await ready()).getRanges(...range),
    close: async () => await queue.close(),
  }
}

async function readStates(pool: pg.Pool, places: readonly JobPlace[]): Promise<KeptState[]> {
  const { rows } = await pool.query<KeptState>(
    `select case when state is null or state = 'completed' then 'missing' when state = 'failed' then 'failed' else 'pending' end as name,
       case when state = 'failed' then coalesce(failed_reason, '') end as reason
     from unnest($1::text[], $2::text[]) with ordinality as asked(queue, id, place) left join job using (queue, id)
     order by place`,
    [places.map(({ queue }) => queue), places.map(({ key }) => key)],
  )
  return rows.map(({ name, ...rest }) => (name === 'failed' ? { name, ...rest } : { name })) as KeptState[]
}

/** Jobs without a priority, as all of ours are, begin in the order of `seq`. */
async function readOldestWaiting(pool: pg.Pool, lane: Lane): Promise<Date | null> {
  const { rows } = await pool.query<{ ms: string }>(
    `select added_at_ms as ms from job where queue = $1 and state = 'waiting' and priority = 0 order by seq limit 1`,
    [QUEUE_NAMES[lane]],
  )
  return rows[0] ? new Date(Number(rows[0].ms)) : null
}

/**
 * Each state by its own index, and no further than asked: however many wait, it costs the same. The order, which nobody
 * needs, is that of the index: without it PostgreSQL reads all of the table for the lane in which nobody waits.
 */
async function readDemand(pool: pg.Pool): Promise<LaneCounts> {
  const { rows } = await pool.query<{ demand: number }>(
    `select (
       (select count(*) from (select from job where queue = lane.queue and state = 'waiting' order by priority, seq limit $2))
       + (select count(*) from (select from job where queue = lane.queue and state = 'active' limit $2))
       + (select count(*) from (select from job where queue = lane.queue and state = 'delayed' and process_at_ms <= $3 order by process_at_ms limit $2))
     )::int as demand
     from unnest($1::text[]) with ordinality as lane(queue, place) order by place`,
    [LANES.map((lane) => QUEUE_NAMES[lane]), MAX_DEMAND, Date.now()],
  )
  const [live, batch] = rows.map(({ demand }) => Math.min(demand, MAX_DEMAND))
  return { live, batch } as LaneCounts
}

/** No queue that was replaced goes on listening to it. */
function deafPool(pool: pg.Pool): QueuePool {
  return {
    options: pool.options,
    connect: pool.connect.bind(pool),
    query: (statement, values) => pool.query(statement, values),
    on: () => pool,
    end: () => pool.end(),
  }
}

function startWorker(
  pool: pg.Pool,
  lane: Lane,
  processor: (job: PhotoJob) => Promise<void>,
  log: Log,
): PhotoWorker {
  const stopping = new AbortController()
  const patience = { name: 'PostgreSQL', isUnavailable: isPostgresUnavailable, log }
  const { Worker } = withBackend((...given: Parameters<typeof createPostgresBackend>) =>
    patientBackend(createPostgresBackend(...given), patience),
  )
  const worker = new Worker<Payload, void, JobKind>(QUEUE_NAMES[lane], processor, {
    ...workerOptions(lane),
    connection: connectionTo(patientPool(pool, log, stopping.signal)),
  })
  return Object.assign(worker, {
    close: async () => {
      stopping.abort()
      await Worker.prototype.close.call(worker)
    },
  })
}

/** PgBouncer and its like refuse the search path, and would lose what LISTEN asked for. */
async function refusePooler(pool: pg.Pool, url: string): Promise<void> {
  try {
    await pool.query('select 1')
  } catch (error) {
    if (!isRefusedByPooler(error)) throw refusalOf(error, url) ?? error
    throw new SetupError(
      'The queue must reach PostgreSQL directly: it listens, which a transaction pooler does not pass on. ' +
        'Set QUEUE_URL to a URL that goes past the pooler.',
      { cause: error },
    )
  }
}

async function checkTables(pool: pg.Pool): Promise<void> {
  const version = await assertSchemaCompatibility(pool).catch((error) => {
    if (!(error instanceof SchemaMigrationRequiredError)) throw translated(error)
    return 0
  })
  if (version >= LATEST_SCHEMA_VERSION) return
  const tables = version === 0 ? 'has no tables' : 'has the tables of an earlier Darkroom'
  throw new SetupError(`The database of the queue ${tables}. Run \`darkroom migrate\`.`)
}

/** Throws EngineUnavailableError while the server takes no jobs, as a standby and one that is being moved do. */
async function checkWrites(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ isReadOnly: boolean }>(
    `select current_setting('transaction_read_only')::bool as "isReadOnly"`,
  )
  if (rows[0]?.isReadOnly) throw new EngineUnavailableError('The database of the queue is read-only.')
}

/** Brings BullMQ's tables up to date, under a lock of its own. */
export async function migratePostgresQueue(url: string): Promise<void> {
  await withPostgres(url, async (client) => {
    await runMigrations(client).catch((error) => {
      throw translated(error)
    })
  })
}

/** BullMQ's words on a server that is too old for it, and on tables that are too new. */
function translated(error: unknown): unknown {
  if (error instanceof SchemaVersionMismatchError) {
    return new SetupError('The database of the queue has the tables of a later Darkroom. Start that one.', {
      cause: error,
    })
  }
  if (error instanceof UnsupportedPostgresVersionError) return new SetupError(error.message, { cause: error })
  return error
}
