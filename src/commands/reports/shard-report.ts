import type { ShardDescription, ShardLine } from '../../catalog/moves/describe-shards.ts'
import { count, table, text } from './table.ts'

const COLUMNS = [text('database'), text('shards'), count('photos'), text('')]

const NOTES = {
  here: '',
  arriving: 'copies of a move that is not done',
  left: 'left behind by a move that was stopped: run it again',
} as const satisfies Record<ShardLine['state'], string>

/** One line per range of shards, and below what is not as it should be. */
export function shardReport({ lines, silent, moved }: ShardDescription): string {
  const rows = lines.map(({ database, from, to, state, photos, isEstimate }) => [
    database,
    nameOf({ from, to }),
    `${isEstimate ? 'about ' : ''}${photos.toLocaleString('en')}`,
    NOTES[state],
  ])
  const warnings = silent.map(({ database, reason }) => `${database}: ${reason}`)
  if (moved.length > 0) {
    warnings.push(
      `Not where the configuration says: ${moved.map(nameOf).join(', ')}. The databases know better; put DATABASE_SHARDS right when you can.`,
    )
  }
  return [table(COLUMNS, rows), ...warnings].join('\n')
}

function nameOf({ from, to }: { from: number; to: number }): string {
  return from === to ? String(from) : `${from}-${to}`
}
