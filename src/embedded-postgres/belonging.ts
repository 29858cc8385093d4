import { readFile, realpath, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SetupError } from '../errors.ts'

/** In a place outside its home: the link in the home that leads there. */
export const BELONGS_TO = 'belongs-to'

/**
 * Makes sure that a place outside the home is this home's and no other's: both must name each other, as a home that
 * was copied has a link to the database of the first. Throws SetupError with the way out when it is another's.
 */
export async function checkBelonging(path: string, directory: string): Promise<void> {
  const link = await realLink(directory)
  if (path === link) return
  const owner = await ownerOf(path)
  if (owner === link) return
  if (owner === null) return await recordOwner(path, directory)
  throw (await leadsTo(owner, path)) ? copied(path, link, owner) : moved(path, link, owner)
}

/** The link that a place belongs to; null when it names none. */
export async function ownerOf(path: string): Promise<string | null> {
  return (await readFile(join(path, BELONGS_TO), 'utf8').catch(() => '')).trim() || null
}

/** The place belongs to the home of this link from now on. */
export async function recordOwner(path: string, directory: string): Promise<void> {
  await writeFile(join(path, BELONGS_TO), `${await realLink(directory)}\n`)
}

/** Whether the link leads to the place; not when there is no link any more. */
export async function leadsTo(link: string, path: string): Promise<boolean> {
  return (await realpath(link).catch(() => null)) === path
}

/** Where it lies, without following the link itself. */
async function realLink(directory: string): Promise<string> {
  return join(await realpath(dirname(directory)), basename(directory))
}

function copied(path: string, link: string, owner: string): SetupError {
  return new SetupError(
    `${dirname(link)} is a copy of ${dirname(owner)}: its database is that one's, ${path}. Copy that too, while Darkroom is stopped:\n` +
      `  cp -a ${path} ${path}-copy && echo ${link} > ${path}-copy/${BELONGS_TO} && ln -sfn ${path}-copy ${link}`,
  )
}

function moved(path: string, link: string, owner: string): SetupError {
  return new SetupError(
    `The database ${path} belongs to ${dirname(owner)}, and not to ${dirname(link)}. If that is where the home lies now:\n` +
      `  echo ${link} > ${path}/${BELONGS_TO}`,
  )
}
