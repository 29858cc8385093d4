import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deleteLaidAside, findAbandoned, findLaidAside, layAside } from './abandoned.ts'
import { checkBelonging } from './belonging.ts'
import { SHARED_FOLDER } from './shared-folder.ts'

type Finding = { name: string; isWell: boolean; detail: string }

/**
 * Where the embedded database of a home lies, and which others lie beside it though no home leads to them any more.
 * With `fix` those are laid aside, and deleted a week later.
 */
export async function* inspectPlaces(
  directory: string,
  { fix, folder = SHARED_FOLDER, now = new Date() }: { fix: boolean; folder?: string; now?: Date },
): AsyncGenerator<Finding> {
  const place = await placeOf(directory)
  if (place) yield place
  // Only root's databases lie outside their homes.
  if (process.getuid?.() !== 0) return

  for (const each of await findAbandoned(folder, directory)) {
    const what = `${each.path}, last used ${dayOf(each.lastUsed)}: ${each.owner ? `its home ${dirname(each.owner)} is gone, or has another` : 'no home is known'}.`
    if (fix) yield await attempt(async () => `${what} Laid aside as ${await layAside(folder, each, now)}.`)
    else yield found(false, `${what} \`darkroom doctor --fix\` lays it aside, and deletes it after a week.`)
  }
  for (const removed of await findLaidAside(folder)) {
    const isDue = removed.until <= now
    if (isDue && fix) {
      await deleteLaidAside(removed)
      yield found(true, `${removed.path} was deleted.`)
    } else {
      yield found(
        true,
        `${removed.path} is deleted by \`darkroom doctor --fix\` from ${dayOf(removed.until)}.`,
      )
    }
  }
}

/** Null where there is none yet. */
async function placeOf(directory: string): Promise<Finding | null> {
  const path = await realpath(directory).catch(() => null)
  if (path === null) return null
  const isInside = dirname(path) === (await realpath(dirname(directory)))
  return await attempt(async () => {
    await checkBelonging(path, directory)
    return isInside ? path : `${path}, outside of ${dirname(directory)}: a backup wants both`
  })
}

async function attempt(work: () => Promise<string>): Promise<Finding> {
  try {
    return found(true, await work())
  } catch (error) {
    // Also one of the system's: the doctor goes on past whatever is broken.
    return found(false, error instanceof Error ? error.message : String(error))
  }
}

function found(isWell: boolean, detail: string): Finding {
  return { name: 'place', isWell, detail }
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}
