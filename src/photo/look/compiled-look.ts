import { atStrength, type ColorTable } from './color-table.ts'
import { type Effects, effectsAt } from './effects.ts'

/** What a look does to pixels: first their colours, by the table, then the effects. */
export type CompiledLook = { readonly table: ColorTable; readonly effects: Effects }

/** The look at a strength of 0 to 1. */
export function lookAt({ table, effects }: CompiledLook, strength: number): CompiledLook {
  return {
    table: strength === 1 ? table : atStrength(table, strength),
    effects: effectsAt(effects, strength),
  }
}
