import { createHash } from 'node:crypto'
import { type ColorTable, stepsOf } from './color-table.ts'
import { type Effects, hasEffects, NO_EFFECTS } from './effects.ts'

/** 16 hex digits that name a filter's content, its table and its effects: filters of the same digest make the same pixels. */
export function filterDigest(table: ColorTable, effects: Effects = NO_EFFECTS): string {
  const hash = createHash('sha256').update(`${table.size} `).update(stepsOf(table))
  if (hasEffects(effects)) hash.update(` ${effects.vignette} ${effects.grain}`)
  return hash.digest('hex').slice(0, 16)
}
