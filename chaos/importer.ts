import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { openCommand, type Shell } from './command.ts'
import { drawPicture, withComment } from './picture.ts'
import type { Random } from './random.ts'
import type { Attempt } from './uploader.ts'
import type { Victim } from './victim.ts'

export const IMPORT_OWNERS = ['fay', 'gus', 'hal'] as OwnerId[]
const PHOTOS = 30
/** Of the pictures; uploads have those below. */
const FIRST_NUMBER = 4_000
/** So that it takes longer than a moment. */
const RATE = '5'
/** Of those that it is killed besides what else hits it, so long after it began. */
const KILLED_AFTER_MS = [500, 6_000] as const
const AGAIN_MS = 300
const ENDS_WITHIN_MS = 120_000

/** A photo of the folder. */
export type ToImport = Pick<Attempt, 'number' | 'owner' | 'sha256'> & { path: string }

/** Disposing kills the command. */
export type Importer = AsyncDisposable & {
  victim: Victim
  photos: readonly ToImport[]
  /** Lets it come to its end. Resolves with how often the command was started, and what is not as it should be. */
  finish(): Promise<{ starts: number; findings: string[] }>
}

/** What `darkroom` is given to import the folder. */
export const importArgs = (folder: string) => [
  ...['import', folder, '--owner-from', '^([^/]+)/', '--source', 'old', '--json'],
]

/** Photos of several owners, of which each has a folder. */
export async function writeFolder(folder: string, seed: number): Promise<ToImport[]> {
  const photos = Array.from({ length: PHOTOS }, async (_, index): Promise<ToImport> => {
    const number = FIRST_NUMBER + index
    const owner = IMPORT_OWNERS[index % IMPORT_OWNERS.length] as OwnerId
    const path = `${owner}/${number}.jpg`
    const file = withComment(await drawPicture(number), `seed ${seed}, photo ${number}, imported`)
    await mkdir(join(folder, owner), { recursive: true })
    await writeFile(join(folder, path), file)
    return { number, owner, sha256: createHash('sha256').update(file).digest('hex'), path }
  })
  return await Promise.all(photos)
}

/** Imports a folder: the command is killed so often, and given again until it says that all is there. */
export async function startImporter(
  folder: string,
  seed: number,
  { shell, random, kills: most }: { shell: Shell; random: Random; kills: number },
): Promise<Importer> {
  const photos = await writeFolder(folder, seed)
  const command = openCommand('import', shell)
  let isOver = false
  let starts = 0

  const importing = (async (): Promise<number | null> => {
    for (let kills = 0; !isOver; ) {
      starts += 1
      const ended = command.run([...importArgs(folder), '--rate', RATE])
      const killing = new AbortController()
      if (kills < most) {
        kills += 1
        const { signal } = killing
        void sleep(random.between(...KILLED_AFTER_MS), null, { signal }).then(
          () => command.kill(),
          () => {},
        )
      }
      const code = await ended
      killing.abort()
      // Killed, stopped by an operator, or an engine is unavailable.
      if (code !== null && code !== 1 && code !== 3) return code
      await sleep(AGAIN_MS)
    }
    return null
  })()
  const end = async () => {
    isOver = true
    await command[Symbol.asyncDispose]()
    await importing
  }

  return {
    victim: command.victim,
    photos,
    finish: async () => {
      const tooLate = setTimeout(() => void end(), ENDS_WITHIN_MS)
      const code = await importing
      clearTimeout(tooLate)
      if (code === 0) return { starts, findings: [] }
      const late = `the import did not come to its end within ${ENDS_WITHIN_MS / 1000} s of calm`
      return { starts, findings: [code === null ? late : `the import ended with ${code}`] }
    },
    [Symbol.asyncDispose]: end,
  }
}

/** Each as an upload that was acknowledged, if it is found by the name that it had; and a line for each that is not. */
export async function findImported(
  photos: readonly ToImport[],
  url: string,
  tokenOf: (owner: OwnerId) => Promise<string>,
): Promise<{ attempts: Attempt[]; findings: string[] }> {
  const attempts: Attempt[] = []
  const findings: string[] = []
  for (const { path, ...photo } of photos) {
    const headers = { authorization: `Bearer ${await tokenOf(photo.owner)}` }
    const name = encodeURIComponent(`sha256:${photo.sha256.slice(0, 32)}`)
    const reply = await fetch(`${url}/v1/external/old/${name}`, { headers })
    const told = { filter: null, focus: null, edits: [] }
    if (reply.ok) {
      const { id } = (await reply.json()) as PhotoReply
      attempts.push({ ...photo, ...told, outcome: { name: 'acknowledged', id: id as PhotoId } })
    } else findings.push(`${path} was imported, and its name is answered with ${reply.status}`)
  }
  return { attempts, findings }
}
