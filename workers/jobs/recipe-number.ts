import type { Look } from '../../src/photo/look/look.ts'
import { recipeNumber } from '../../src/photo/recipe.ts'
import type { WorkerEngines } from '../engines.ts'

/** The number of all that decides how a photo with that look is made here. */
export function recipeNumberOf(
  { presets, filters }: Pick<WorkerEngines, 'presets' | 'filters'>,
  look: Look | null,
): number {
  return recipeNumber(presets, look && filters.applied(look))
}
