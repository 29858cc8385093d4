import type { Reads } from './database.ts'

/**
 * How far the log of a database has come, in bytes: whatever was committed before is up to there. Of a replica, up to where it
 * has replayed it. The timeline is another after each promotion.
 */
export type LogPlace = { timeline: string; place: number }

/** Which database it is, of all that there are: the cluster, and the number of the database in it. */
type Which = { cluster: string; database: string }

export type PrimaryPlace = Which & LogPlace

/** `place` is 0 of what is no replica. */
export type ReplicaPlace = Which & LogPlace & { isReplica: boolean }

/**
 * Where the next record begins; that is beyond the header of a page which has no record yet, and what a replica has replayed is
 * up to before it. The header of a file is 40 bytes long, that of any other page 24.
 *
 * Where it is inserted, not where it is flushed: a commit that waits for no disk is seen at once.
 */
const INSERTED = `
  select left(file_name, 8) as timeline, (pg_wal_lsn_diff(at, '0/0') - case
    when file_offset = 40 then 40
    when file_offset % current_setting('wal_block_size')::int = 24 then 24
    else 0 end)::float8 as place
  from pg_current_wal_insert_lsn() as at, pg_walfile_name_offset(at)`

const REPLAYED = `coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::float8 as place, pg_is_in_recovery() as "isReplica"`

const WHICH = `
  (select system_identifier::text from pg_control_system()) as cluster,
  (select oid::text from pg_database where datname = current_database()) as database`

/** How far a database has come that is no replica. */
export async function loggedBy(primary: Reads): Promise<LogPlace> {
  const [row] = await primary.read<LogPlace>(`select timeline, place from (${INSERTED}) inserted`)
  return row as LogPlace
}

/** The same, and which it is. */
export async function originOf(primary: Reads): Promise<PrimaryPlace> {
  const [row] = await primary.read<PrimaryPlace>(
    `select ${WHICH}, timeline, place from (${INSERTED}) inserted`,
  )
  return row as PrimaryPlace
}

/** How far a replica has come. */
export async function replayedBy(replica: Reads): Promise<Pick<ReplicaPlace, 'place' | 'isReplica'>> {
  const [row] = await replica.read<ReplicaPlace>(`select ${REPLAYED}`)
  return row as ReplicaPlace
}

/** The same, and of which database it is; its timeline is that of its last restartpoint. */
export async function replicaOf(replica: Reads): Promise<ReplicaPlace> {
  const [row] = await replica.read<ReplicaPlace>(
    `select ${WHICH}, ${REPLAYED},
       (select lpad(upper(to_hex(timeline_id)), 8, '0') from pg_control_checkpoint()) as timeline`,
  )
  return row as ReplicaPlace
}
