import { setTimeout as sleep } from 'node:timers/promises'
import { STATEMENT_MS } from '../../postgres/connections.ts'
import type { Database } from '../database/database.ts'

const PAUSE_MS = 20
/** What PostgreSQL says of the sessions of roles that this one is not told of. */
const UNSEEN = '<insufficient privilege>'

/**
 * Resolves when all statements have ended that see the database as it was before this was asked, as the server tells of their
 * snapshots, or when none of ours can go on any more. Rows must not be removed before that which they have found: who then comes to
 * change one finds it gone, and is told of nothing.
 */
export async function olderStatements(database: Database): Promise<void> {
  const end = performance.now() + STATEMENT_MS
  const [now] = await database.query<{ xid: string }>('select pg_current_xact_id()::xid::text as xid')
  for (;;) {
    const older = await database.read(
      `select from pg_stat_activity
       where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
         and (query = '${UNSEEN}' or state = 'active' and age(backend_xmin) >= age($1::xid))
       limit 1`,
      [now?.xid],
    )
    if (older.length === 0 || performance.now() > end) return
    await sleep(PAUSE_MS)
  }
}
