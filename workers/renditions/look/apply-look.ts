import type { CompiledLook } from '../../../src/photo/look/compiled-look.ts'
import type { Pixels } from '../pixels.ts'
import { applyEffects } from './apply-effects.ts'
import { applyTable } from './apply-table.ts'

/** Gives a whole picture the look, in place; alpha stays. */
export function applyLook(picture: Pixels, { table, effects }: CompiledLook): void {
  applyTable(picture, table)
  applyEffects(picture, effects)
}
