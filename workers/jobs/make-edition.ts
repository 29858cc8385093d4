import type { Remade, RemakeWork } from '../../src/catalog/runs/remakes.ts'
import {
  FilterMissingError,
  OriginalMissingError,
  OtherRecipesError,
  RemakeFailedError,
} from '../../src/errors.ts'
import type { Photo } from '../../src/photo/photo.ts'
import type { Stage } from '../../src/photo/presets.ts'
import type { RemakeEngines } from '../engines.ts'
import { checkOf } from './check-remake.ts'
import { decodeOriginal } from './decode-original.ts'
import type { Destination } from './destination.ts'
import { smallest } from './later-renditions.ts'
import { putRenditions } from './put-renditions.ts'
import { recipeNumberOf } from './recipe-number.ts'
import { planRemake } from './remake-plan.ts'

/** What the run makes of its photos; null when it is gone. Throws OtherRecipesError when it can't be made here. */
export async function workOf(engines: RemakeEngines, run: number): Promise<RemakeWork | null> {
  const work = await engines.catalog.remakes.workOf(run)
  if (work && !work.recipes.includes(recipeNumberOf(engines, null))) throw new OtherRecipesError()
  return work
}

/**
 * Makes an edition of a photo in the look that it has: what the work asks for is made from the original, checked, and put
 * at the destination; the rest is kept. Nothing is recorded. Throws RemakeFailedError for what the photo lacks, as others
 * of the run do not wait for that.
 */
export async function makeEdition(
  engines: RemakeEngines,
  photo: Photo,
  of: { edition: number; work: RemakeWork; destination: Destination },
): Promise<Remade> {
  try {
    return await make(engines, photo, of)
  } catch (error) {
    if (error instanceof OriginalMissingError || error instanceof FilterMissingError)
      throw new RemakeFailedError(error)
    throw error
  }
}

async function make(
  engines: RemakeEngines,
  photo: Photo,
  { edition, work, destination }: Parameters<typeof makeEdition>[2],
): Promise<Remade> {
  const { filters, presets } = engines
  await filters.learn(photo.look?.filter)
  const plan = planRemake(photo, { presets, look: photo.look && filters.applied(photo.look) }, work)
  const today = recipeNumberOf(engines, photo.look)
  const recipe = (made: Remade['put']) => (plan.isWhole(made) ? today : null)
  if (plan.presets.length === 0 && photo.facts)
    return { facts: photo.facts, ...plan.stages([]), put: [], recipe: recipe([]), difference: null }

  const { check, difference } = checkOf(engines, photo, work, photo.look !== null && photo.recipe !== today)
  await using decoded = await decodeOriginal(engines, photo, plan.presets)
  const put = async (stage: Stage, rivals = new Map()) =>
    await putRenditions(
      { store: destination },
      photo,
      decoded,
      { stage, edition, rivals, only: plan.wants },
      check,
    )
  const first = await put('upload')
  const made = [...first, ...(await put('after', smallest([...plan.kept, ...first])))]
  return {
    facts: await decoded.facts,
    ...plan.stages(made),
    put: made,
    recipe: recipe(made),
    difference: difference(),
  }
}
