import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { HeicCost } from './processes/heic-to.ts'

/** What it needs, and what draws photos for it. */
export const HEIF_CONVERT = { programs: ['heif-convert', 'heif-enc', 'bash'], packages: ['libheif-examples'] }

/** Debian's heif-convert, which decodes a HEIC photo by libheif and libde265 as machine code into a JPEG of its size. */
export async function heifConvert(photo: string, folder: string): Promise<HeicCost> {
  const startedAt = performance.now()
  // The shell's builtin tells the CPU time of its children on a second line.
  const command = 'heif-convert -q 92 "$0" "$1" > /dev/null && times'
  const { stdout } = await promisify(execFile)('bash', ['-c', command, photo, join(folder, 'against.jpg')])
  const seconds = (performance.now() - startedAt) / 1000
  const [, ofChildren = ''] = stdout.split('\n')
  const times = ofChildren.matchAll(/(\d+)m([\d.]+)s/g)
  return {
    seconds,
    cpuSeconds: times.reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0),
  }
}
