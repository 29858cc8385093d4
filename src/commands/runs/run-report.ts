import type { RunReport } from '../../catalog/runs/reported-runs.ts'
import { duration } from '../reports/quantity.ts'
import { count, table, text } from '../reports/table.ts'

/** Every run in a line. */
export function listReport(runs: readonly RunReport[], now: Date): string {
  const columns = [
    count('run'),
    text('kind'),
    text('state'),
    count('progress'),
    count('selected'),
    count('done'),
    count('skipped'),
    count('failed'),
    count('left'),
    text('last step'),
    text(''),
  ]
  const rows = runs.map((run) => [
    String(run.id),
    run.kind,
    run.state,
    run.recurs ? '' : percent(run),
    run.isCounted || run.recurs ? number(run.selected) : `${number(run.selected)}+`,
    number(run.done),
    number(run.skipped),
    number(run.failed),
    number(run.left),
    run.movedAt ? ago(run.movedAt, now) : 'never',
    run.reason ?? '',
  ])
  return table(columns, rows)
}

/** One run, in full. */
export function runReport(run: RunReport, now: Date): string {
  const lines: [string, string][] = [
    ['state', [run.state, run.reason].filter(Boolean).join(': ')],
    ...(run.recurs
      ? [['recurs', 'by itself, for ever: the counts are of all times'] as [string, string]]
      : [['selection', JSON.stringify(run.selection, shortened)] as [string, string]]),
    [
      'selected',
      run.isCounted || run.recurs ? number(run.selected) : `${number(run.selected)}, and still counting`,
    ],
    ...(['done', 'skipped', 'failed', 'left'] as const).map((name): [string, string] => [
      name,
      number(run[name]),
    ]),
    ['in flight', number(run.inFlight)],
    ...Object.entries(run.tally).map(([name, total]): [string, string] => [name, number(total)]),
    [
      'parts',
      `${run.parts}, of which ${run.partsEnded} are complete and ${run.partsHeld} wait for an engine`,
    ],
    ['servers', run.holders.join(', ') || 'none at the moment'],
    ['started', run.createdAt.toISOString()],
    ['last step', run.movedAt ? `${run.movedAt.toISOString()} (${ago(run.movedAt, now)})` : 'none yet'],
    ...(run.endedAt ? [['ended', run.endedAt.toISOString()] as [string, string]] : []),
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  return [
    `run ${run.id}: ${run.kind}`,
    ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
  ].join('\n')
}

/** Long lists, such as the numbers of recipes, by how many they are. */
function shortened(key: string, value: unknown): unknown {
  // Reported by itself, or of use to programs alone.
  if (['estimate', 'canary', 'sample', 'asked'].includes(key)) return undefined
  return Array.isArray(value) && value.length > 8 ? `${value.length} of them` : value
}

/** What is done of a run, one way or the other. */
export function percent({ selected, left, isCounted }: RunReport): string {
  if (!isCounted) return 'counting'
  return selected === 0 ? '100.0 %' : `${((1 - left / selected) * 100).toFixed(1)} %`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function ago(then: Date, now: Date): string {
  return `${duration(Math.max(0, now.getTime() - then.getTime()) / 1000)} ago`
}
