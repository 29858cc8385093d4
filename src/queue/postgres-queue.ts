import { createPostgresBackend, type PostgresConnectionOptions, runMigrations, withBackend } from 'bullmq'
import pg from 'pg'
import { SetupError } from '../errors.ts'
import type { Log } from '../log.ts'
import { isPostgresAway, withPostgres } from '../postgres.ts'
import { BullmqQueue, type Payload, type PhotoJob, QUEUE_NAME, WORKER_OPTIONS } from './bullmq-queue.ts'
import type { JobKind } from './job.ts'

/**
 * BullMQ keeps its tables in a schema of its own, and finds them by the connection's search path. Its commits wait
 * for no disk: of the last moments before a crash the sweep enqueues again what is missing, and a job may run twice.
 */
const SETTINGS = '-c search_path=bullmq -c synchronous_commit=off'

const { Queue, Worker } = withBackend(createPostgresBackend)

/** The queue on PostgreSQL. One of the connections listens for new jobs, so it must be a direct one, not a pooler's. */
export function openPostgresQueue(url: string, log: Log): BullmqQueue {
  const pool = new pg.Pool({
    connectionString: url,
    options: SETTINGS,
    max: 5,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: 'darkroom-queue',
  })
  pool.on('error', () => {})
  // BullMQ describes the part of pg it uses in types of its own, which pg's own don't quite fit.
  const connection = pool as unknown as PostgresConnectionOptions
  const queue = new Queue<Payload, void, JobKind>(QUEUE_NAME, { connection })
  const report = (err: Error) => log.error({ err }, 'queue')
  queue.on('error', report)

  return new BullmqQueue(
    {
      queue,
      startWorker: (processor: (job: PhotoJob) => Promise<void>) =>
        new Worker<Payload, void, JobKind>(QUEUE_NAME, processor, {
          ...WORKER_OPTIONS,
          connection,
        }),
      isAway: isPostgresAway,
      report,
      check: async () => await refusePooler(pool),
      close: () => pool.end(),
    },
    log,
  )
}

/** PgBouncer and its like refuse the search path, and would lose what LISTEN asked for. */
async function refusePooler(pool: pg.Pool): Promise<void> {
  try {
    await pool.query('select 1')
  } catch (error) {
    if (!(error instanceof Error) || !/unsupported startup parameter/.test(error.message)) throw error
    throw new SetupError(
      'The queue must reach PostgreSQL directly: it listens, which a transaction pooler does not pass on. ' +
        'Set QUEUE_URL to a URL that goes past the pooler.',
      { cause: error },
    )
  }
}

/** Brings BullMQ's tables up to date, under a lock of its own. */
export async function migratePostgresQueue(url: string): Promise<void> {
  await withPostgres(url, async (client) => await runMigrations(client))
}
