import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A path and not an import: only workers decode pixels. */
const SCRIPT = join(import.meta.dirname, '../../../workers/contact-sheet.ts')

/** Draws what a run changed, in a process of its own, which says what it drew. Returns its exit code. */
export async function drawContactSheet(run: number, output: string): Promise<number> {
  const child = spawn(process.execPath, [SCRIPT, `--run=${run}`, `--output=${output}`], {
    stdio: ['ignore', 2, 'inherit'],
  })
  const [code] = await once(child, 'close')
  return code ?? 1
}
