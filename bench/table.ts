import { type Figure, isMet } from './line.ts'

const HEAD = ['', 'Darkroom', 'against', '', 'ratio', 'quartiles', 'goal', '']
const LEFT = [true, false, false, true, false, true, true, true]

/** The figures as columns of text. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(cellsOf)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        LEFT[column] ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  return lines.join('\n')
}

function cellsOf(figure: Figure): string[] {
  const { what, unit } = figure
  const end = [goalOf(figure), verdictOf(figure)]
  if (figure.kind === 'value') return [what, short(figure.value), '', unit, '', '', ...end]
  const { ours, against, ratio } = figure
  const quartiles = `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`
  return [what, short(ours), short(against), unit, ratio.median.toFixed(2), quartiles, ...end]
}

function goalOf({ goal }: Figure): string {
  if (goal === null) return ''
  return 'atLeast' in goal ? `≥ ${goal.atLeast}` : `< ${goal.below}`
}

function verdictOf(figure: Figure): string {
  const met = isMet(figure)
  if (met === null) return ''
  return met ? 'met' : 'MISSED'
}

/** Three digits that count. */
function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
