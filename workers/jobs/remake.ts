import type { Claimed, Remade, RemakeWork } from '../../src/catalog/remakes.ts'
import {
  DarkroomError,
  FilterMissingError,
  OriginalMissingError,
  OtherRecipesError,
  RemakeFailedError,
} from '../../src/errors.ts'
import { renditionKey } from '../../src/photo/object-keys.ts'
import type { Photo } from '../../src/photo/photo.ts'
import type { Stage } from '../../src/photo/presets.ts'
import type { JobHandler } from '../../src/queue/job-queue.ts'
import type { RemakeEngines } from '../engines.ts'
import { type Check, checkOf } from './check-remake.ts'
import { decodeOriginal } from './decode-original.ts'
import { smallest } from './later-renditions.ts'
import { afterRefusal, putRenditions } from './put-renditions.ts'
import { recipeNumberOf } from './recipe-number.ts'
import { planRemake, type RemakePlan } from './remake-plan.ts'

/**
 * `remake`: an edition of a photo in the look that it has, for a run: what the run asks for is made from the original, the
 * rest is kept, and one statement shows all of it. Until then, and when it fails, the photo keeps what it has. Nothing is
 * done for a photo that was removed, or that its owner changes meanwhile.
 */
export function remakePhoto(engines: RemakeEngines): JobHandler {
  return async ({ photoId, edition, run }) => {
    if (edition === undefined || run === undefined) return
    const work = await engines.catalog.remakes.workOf(run)
    if (!work) return
    if (!work.recipes.includes(recipeNumberOf(engines, null))) throw new OtherRecipesError()
    try {
      await remake(engines, { id: photoId, edition }, work, run)
    } catch (error) {
      // Others of the run do not wait for what one lacks.
      if (error instanceof OriginalMissingError || error instanceof FilterMissingError)
        throw new RemakeFailedError(error)
      throw error
    }
  }
}

async function remake(
  engines: RemakeEngines,
  claimed: Claimed,
  work: RemakeWork,
  run: number,
): Promise<void> {
  const { catalog, filters, presets } = engines
  const photo = await catalog.remakes.find(claimed)
  if (!photo) return
  const plan = planRemake(photo, { presets, look: photo.look && filters.applied(photo.look) }, work)
  const remade = await make(engines, photo, claimed.edition, plan, work)
  const { keepSeconds } = work
  if (await catalog.remakes.show(photo, claimed.edition, remade, { run, keepSeconds })) return
  if ((await afterRefusal(engines, photo)) === 'moved') await remake(engines, claimed, work, run)
}

async function make(
  engines: RemakeEngines,
  photo: Photo,
  edition: number,
  plan: RemakePlan,
  work: RemakeWork,
): Promise<Remade> {
  const today = recipeNumberOf(engines, photo.look)
  const recipe = (made: Remade['put']) => (plan.isWhole(made) ? today : null)
  if (plan.presets.length === 0 && photo.facts)
    return { facts: photo.facts, ...plan.stages([]), put: [], recipe: recipe([]) }

  const checkFile = checkOf(engines, photo, work, photo.look !== null && photo.recipe !== today)
  const keys: string[] = []
  const check: Check = async (file) => {
    await checkFile(file)
    keys.push(renditionKey(photo, file))
  }
  await using decoded = await decodeOriginal(engines, photo, plan.presets)
  const put = async (stage: Stage, rivals = new Map()) =>
    await putRenditions(engines, photo, decoded, { stage, edition, rivals, only: plan.wants }, check)
  try {
    const first = await put('upload')
    const made = [...first, ...(await put('after', smallest([...plan.kept, ...first])))]
    return { facts: await decoded.facts, ...plan.stages(made), put: made, recipe: recipe(made) }
  } catch (error) {
    // Of an edition that nobody else makes, and that will not be shown.
    if (error instanceof DarkroomError && !error.retryable) await engines.store.delete(keys)
    throw error
  }
}
