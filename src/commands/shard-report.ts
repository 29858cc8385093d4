import type { ShardDescription, ShardLine } from '../catalog/describe-shards.ts'

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
  return [table([['database', 'shards', 'photos', ''], ...rows]), ...warnings].join('\n')
}

function table(rows: readonly string[][]): string {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const [database, shards, photos] = [width(0), width(1), width(2)]
  return rows
    .map((row) => {
      const [name = '', range = '', count = '', note = ''] = row
      return `${name.padEnd(database)}  ${range.padEnd(shards)}  ${count.padStart(photos)}  ${note}`.trimEnd()
    })
    .join('\n')
}

function nameOf({ from, to }: { from: number; to: number }): string {
  return from === to ? String(from) : `${from}-${to}`
}
