import type { RunReport } from '../../catalog/runs/reported-runs.ts'
import { OUTCOMES } from '../../import/run/settled-line.ts'
import { exitCodeOf } from '../runs/watch-run.ts'

/** What came of an import, by how its lines ended and why. */
export function importReport(
  run: RunReport,
  { path, waiting }: { path: string; waiting: number },
  { json }: { json?: true },
): string {
  if (json)
    return JSON.stringify({
      run: run.id,
      state: run.state,
      reason: run.reason,
      report: path,
      lines: run.tally,
      waiting,
    })
  const lines = OUTCOMES.flatMap((outcome) => {
    const whys = Object.entries(run.tally).filter(([name]) => name.startsWith(`${outcome}: `))
    const total = (run.tally[outcome] ?? 0) + whys.reduce((sum, [, count]) => sum + count, 0)
    if (total === 0 && outcome !== 'imported') return []
    const told = whys
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name.slice(outcome.length + 2)} ${count.toLocaleString('en')}`)
    return [
      `  ${outcome.padEnd(13)} ${total.toLocaleString('en').padStart(11)}  ${told.join(', ')}`.trimEnd(),
    ]
  })
  const without = run.tally['without a time'] ?? 0
  return [
    `run ${run.id} is ${run.state}${run.reason ? `: ${run.reason}` : ''}`,
    ...lines,
    ...(without > 0
      ? [`  ${without.toLocaleString('en')} of the imported tell no time, and are of now.`]
      : []),
    ...(waiting > 0
      ? [
          `${waiting.toLocaleString('en')} of them wait for workers. Those that can't be made: darkroom runs failures ${run.id}`,
        ]
      : []),
    `Line by line: ${path}`,
    ...(exitCodeOf(run) === null ? ['It goes on when the same command is given again.'] : []),
  ].join('\n')
}
