import type { Remade } from '../../src/catalog/runs/remakes.ts'
import { DarkroomError } from '../../src/errors.ts'
import { renditionKey } from '../../src/photo/object-keys.ts'
import type { Photo, Rendition } from '../../src/photo/photo.ts'
import type { RemakeEngines } from '../engines.ts'
import type { Destination } from './destination.ts'

/**
 * Makes an edition for a run, and tells the run what it took: before it is shown, so that no photo is done without. It is
 * told also when it fails for good. A worker does one job at a time, so that what the process took is what the job did.
 */
export async function toldCost(
  { catalog }: Pick<RemakeEngines, 'catalog'>,
  run: number,
  photo: Photo,
  destination: Destination,
  make: () => Promise<Remade>,
): Promise<Remade> {
  const [cpu, startedAt] = [process.cpuUsage(), performance.now()]
  const tell = async (renditions: readonly Rendition[]) => {
    const { user, system } = process.cpuUsage(cpu)
    await catalog.runCosts.tell(run, photo.id, {
      cpuMs: (user + system) / 1000,
      wallMs: performance.now() - startedAt,
      puts: destination.puts,
      putBytes: destination.bytes,
      bytesBefore: bytesOf(photo, photo.renditions),
      bytesAfter: bytesOf(photo, renditions),
      hadFailed: photo.status === 'failed',
    })
  }
  try {
    const remade = await make()
    await tell([...remade.upload, ...remade.later])
    return remade
  } catch (error) {
    if (error instanceof DarkroomError && !error.retryable) await tell(photo.renditions)
    throw error
  }
}

/** Presets may share an object. */
function bytesOf(photo: Photo, renditions: readonly Rendition[]): number {
  const objects = new Map(renditions.map((each) => [renditionKey(photo, each), each.bytes]))
  return [...objects.values()].reduce((sum, bytes) => sum + bytes, 0)
}
