import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const BUILD = join(import.meta.dirname, '../../console/build.ts')

/** Builds the page, if it is older than its sources. Rejects with what the build printed. */
export async function buildConsole(): Promise<void> {
  await promisify(execFile)(process.execPath, [BUILD])
}
