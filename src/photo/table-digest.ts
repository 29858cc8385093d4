import { createHash } from 'node:crypto'
import { type ColorTable, stepsOf } from './color-table.ts'

/** 16 hex digits that name the table's content: tables of the same digest make the same pixels. */
export function tableDigest(table: ColorTable): string {
  return createHash('sha256').update(`${table.size} `).update(stepsOf(table)).digest('hex').slice(0, 16)
}
