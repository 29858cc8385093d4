import type { Claimed, RemakeWork } from '../../src/catalog/runs/remakes.ts'
import { DarkroomError } from '../../src/errors.ts'
import type { JobHandler } from '../../src/queue/job-queue.ts'
import type { RemakeEngines } from '../engines.ts'
import { Destination } from './destination.ts'
import { makeEdition, workOf } from './make-edition.ts'
import { afterRefusal } from './put-renditions.ts'
import { toldCost } from './told-cost.ts'

/**
 * `remake`: an edition of a photo in the look that it has, for a run: what the run asks for is made from the original, the
 * rest is kept, and one statement shows all of it. Until then, and when it fails, the photo keeps what it has. Nothing is
 * done for a photo that was removed, or that its owner changes meanwhile.
 */
export function remakePhoto(engines: RemakeEngines): JobHandler {
  return async ({ photoId, edition, run }) => {
    if (edition === undefined || run === undefined) return
    const work = await workOf(engines, run)
    if (work) await remake(engines, { id: photoId, edition }, work, run)
  }
}

async function remake(
  engines: RemakeEngines,
  claimed: Claimed,
  work: RemakeWork,
  run: number,
): Promise<void> {
  const { remakes } = engines.catalog
  const photo = await remakes.find(claimed)
  if (!photo) return
  const { edition } = claimed
  const destination = new Destination(engines.store)
  try {
    const remade = await toldCost(
      engines,
      run,
      photo,
      destination,
      async () => await makeEdition(engines, photo, { edition, work, destination }),
    )
    if (await remakes.show(photo, edition, remade, { run, keepSeconds: work.keepSeconds })) return
  } catch (error) {
    // Of an edition that nobody else makes, and that will not be shown.
    if (error instanceof DarkroomError && !error.retryable && edition !== photo.edition)
      await destination.takeBack()
    throw error
  }
  if ((await afterRefusal(engines, photo)) === 'moved') await remake(engines, claimed, work, run)
}
