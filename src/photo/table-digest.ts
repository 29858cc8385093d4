import { createHash } from 'node:crypto'
import { type ColorTable, STEPS } from './color-table.ts'

/** 16 hex digits that name the table's content: tables of the same digest make the same pixels. */
export function tableDigest({ size, values }: ColorTable): string {
  const steps = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) steps[i] = Math.round((values[i] as number) * STEPS)
  return createHash('sha256').update(`${size} `).update(steps).digest('hex').slice(0, 16)
}
