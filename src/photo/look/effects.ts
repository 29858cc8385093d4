/**
 * What a look does to a pixel by its place in the whole picture, after its colours: 0 to 1 each, and 0 is nothing. docs/looks.md
 * has the formulas.
 */
export type Effects = {
  /** How much darker than the middle the corners are: at 1 they are black. */
  readonly vignette: number
  /** How much lighter or darker grain makes a middle grey at most: at 1 it becomes white or black. */
  readonly grain: number
}

export const NO_EFFECTS: Effects = { vignette: 0, grain: 0 }

export function hasEffects({ vignette, grain }: Effects): boolean {
  return vignette > 0 || grain > 0
}

/** At a strength of 0 to 1 there is that share of them. */
export function effectsAt({ vignette, grain }: Effects, strength: number): Effects {
  return { vignette: vignette * strength, grain: grain * strength }
}
