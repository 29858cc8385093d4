import type { FailedJob, JobTotals } from '../../queue/job-queue.ts'
import { count, table, text } from './table.ts'

/** A line for each lane and kind of which there are jobs. */
export function totalsReport(totals: readonly JobTotals[]): string {
  const columns = [
    text('lane'),
    text('kind'),
    count('waiting'),
    count('running'),
    count('delayed'),
    count('failed'),
  ]
  const rows = totals.map(({ lane, kind, waiting, active, delayed, failed }) => [
    lane,
    kind,
    ...[waiting, active, delayed, failed].map((each) => each.toLocaleString('en')),
  ])
  return rows.length > 0 ? table(columns, rows) : 'No job waits, runs or has failed.'
}

export function failedReport(jobs: readonly FailedJob[]): string {
  const columns = [text('kind'), text('photo'), text('code'), count('attempts'), text('at'), text('message')]
  const rows = jobs.map(({ job, code, attempts, failedAt, message }) => [
    job.kind,
    job.photoId,
    code,
    String(attempts),
    failedAt.toISOString(),
    message.replaceAll('\n', ' '),
  ])
  return table(columns, rows)
}
