import type { KeptFailure } from '../../catalog/runs/run-failures.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { count, table, text } from '../reports/table.ts'

/** A failure, and whose photo it is: null when that is not there any more. */
export type OwnedFailure = KeptFailure & { owner: OwnerId | null }

export function failureReport(failures: readonly OwnedFailure[]): string {
  const columns = [text('photo'), text('owner'), text('code'), count('attempts'), text('at'), text('message')]
  return table(
    columns,
    failures.map((each) => [each.photoId, each.owner ?? '', each.code, ...restOf(each)]),
  )
}

/** As RFC 4180 has it. */
export function failuresAsCsv(
  failures: readonly OwnedFailure[],
  { withTitles }: { withTitles: boolean },
): string {
  const titles = ['photo', 'owner', 'code', 'attempts', 'at', 'message']
  const lines = failures.map((each) => [each.photoId, each.owner ?? '', each.code, ...restOf(each)])
  return [...(withTitles ? [titles] : []), ...lines].map((line) => line.map(quoted).join(',')).join('\n')
}

function restOf({ attempts, failedAt, message }: OwnedFailure): string[] {
  return [String(attempts), failedAt.toISOString(), message]
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
