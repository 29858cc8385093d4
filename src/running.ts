import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What `darkroom start` tells other commands on the same home: where its database and its API are. */
export type Running = { databaseUrl: string; url: string }

const FILE = 'running.json'

/** Only its owner may read it: the database's password is in it. */
export async function writeRunning(home: string, running: Running): Promise<void> {
  await rm(join(home, FILE), { force: true })
  await writeFile(join(home, FILE), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 })
}

/** Null when nothing was started on this home, or it ended. After a kill it may speak of what is no more. */
export async function readRunning(home: string): Promise<Running | null> {
  try {
    return JSON.parse(await readFile(join(home, FILE), 'utf8')) as Running
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

export async function removeRunning(home: string): Promise<void> {
  await rm(join(home, FILE), { force: true })
}
