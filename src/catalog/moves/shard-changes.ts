import type { Queries, Reads } from '../database/database.ts'
import type { Run } from '../shards/shard-run.ts'

// Which photos of a run changed while it was copied: triggers note them, from the mark on.

/** Every change that is committed is below the mark, every later one above it. */
export type Mark = string & { readonly brand: 'Mark' }

/** From now on changes are noted. Only while the run is held. */
export async function markChanges(held: Queries, { from, to }: Run): Promise<Mark> {
  await held.query('update shards set is_leaving = true where shard between $1 and $2 and not is_leaving', [
    from,
    to,
  ])
  const [row] = await held.query<{ mark: Mark }>(`select nextval('shard_change_numbers')::text as mark`)
  return (row as { mark: Mark }).mark
}

/** The photos of the run that changed after the mark, whether they are still there or not. */
export async function changedSince(source: Reads, { from, to }: Run, mark: Mark): Promise<string[]> {
  const rows = await source.read<{ id: string }>(
    `select photo_id::text as id from shard_changes
     where number > $1 and shard_of(photo_id) between $2 and $3`,
    [mark, from, to],
  )
  return rows.map(({ id }) => id)
}

/** The run has left: nobody asks any more. */
export async function forgetChanges(held: Queries, { from, to }: Run): Promise<void> {
  await held.query('delete from shard_changes where shard_of(photo_id) between $1 and $2', [from, to])
}
