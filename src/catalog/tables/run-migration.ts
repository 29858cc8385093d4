import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type Postgrator from 'postgrator'
import { SetupError } from '../../errors.ts'
import { sqlStateOf } from '../../postgres/errors.ts'

type Migration = Awaited<ReturnType<Postgrator['getMigrations']>>[number]

/** Who waits for a table holds up all who come after: so long at most, then they have their turn. */
const LOCK_MS = 500
const PAUSE_MS = 1_000

const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Applies one migration, and records that it is.
 *
 * `NNN.do.NAME.sql` is one transaction: all of it takes effect, or nothing. It waits for a table for half a second, so
 * that no reader is held up for longer by a migration that waits for another; then it tries again. Throws SetupError
 * when it had no chance for `patienceMs`.
 *
 * `NNN.do.NAME.concurrently.sql` is for what can't be done in a transaction, such as `create index concurrently`. Its
 * statements, each of which ends its line with a semicolon, run one by one. Killed between two of them it is run again
 * from its beginning: so it begins by removing what an earlier run may have left.
 */
export async function runMigration(
  client: pg.Client,
  postgrator: Postgrator,
  migration: Migration,
  patienceMs: number,
): Promise<void> {
  if (migration.filename.endsWith('.concurrently.sql'))
    return await runConcurrently(client, postgrator, migration)

  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    try {
      await client.query(`begin; set local lock_timeout = ${LOCK_MS}; set local statement_timeout = 0`)
      await postgrator.migrate(String(migration.version))
      await client.query('commit')
      return
    } catch (error) {
      await client.query('rollback')
      if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error
      if (performance.now() > giveUpAt) throw await tellWhoHoldsThem(client, error)
    }
    await sleep(PAUSE_MS)
  }
}

/** The last statement is the one that records it. */
async function runConcurrently(
  client: pg.Client,
  postgrator: Postgrator,
  migration: Migration,
): Promise<void> {
  const statements = (await migration.getSql()).split(/;\s*$/m).filter((statement) => statement.trim() !== '')
  for (const statement of statements) await client.query(statement)
  await postgrator.runMigrations([{ ...migration, getSql: () => '' }])
}

async function tellWhoHoldsThem(client: pg.Client, cause: unknown): Promise<SetupError> {
  const { rows } = await client.query(
    `select pid, application_name as name, state from pg_stat_activity
     where datname = current_database() and pid <> all(array[pg_backend_pid()]) and xact_start is not null
     order by xact_start limit 1`,
  )
  const [oldest] = rows
  const who = oldest
    ? ` The oldest transaction is of process ${oldest.pid} (${oldest.name}, ${oldest.state}).`
    : ''
  return new SetupError(
    `The tables were in use all the time, so they can't be changed.${who} End it, and run this again.`,
    {
      cause,
    },
  )
}
