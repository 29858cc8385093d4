export type Column = { title: string; side: 'left' | 'right' }

export const text = (title: string): Column => ({ title, side: 'left' })
export const count = (title: string): Column => ({ title, side: 'right' })

/** Rows as lines below their titles: texts to the left, counts to the right. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map(({ title }) => title)
  const lines = [titles, ...rows]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  return lines
    .map((line) =>
      columns
        .map(({ side }, index) => {
          const [cell = '', width = 0] = [line[index], widths[index]]
          return side === 'left' ? cell.padEnd(width) : cell.padStart(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
