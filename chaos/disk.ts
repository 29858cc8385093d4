import { execFile } from 'node:child_process'
import { appendFile, mkdir, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Victim } from './victim.ts'

const run = promisify(execFile)

/** A file with holes: it takes as much of the real disk as is used of it. */
const DISK_BYTES = 4 * 2 ** 30
const CRUMB = Buffer.alloc(4096)

/** A disk of its own, on `path`. Disposing removes it with all that is on it. */
export type Disk = AsyncDisposable & {
  path: string
  /** Who hits it fills it, and empties it again. None where it can't be a disk of its own. */
  victims: readonly Victim[]
  /** Why it can't. */
  remark: string
}

/** Whether we may mount an image of a disk. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0

export async function openDisk(folder: string): Promise<Disk> {
  const path = join(folder, 'disk')
  await mkdir(path)
  if (!canMount) {
    const remark = 'no disk was filled, as only root may mount one'
    return {
      path,
      victims: [],
      remark,
      [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
    }
  }
  const image = join(folder, 'disk.img')
  await writeFile(image, '')
  await truncate(image, DISK_BYTES)
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', image])
  await run('mount', ['-o', 'loop', image, path])
  return {
    path,
    victims: [{ name: 'the disk', blows: { fill: (ms) => fill(path, ms) } }],
    remark: '',
    [Symbol.asyncDispose]: async () => {
      // At once, and for good when the last process that has a file open there is gone.
      await run('umount', ['--lazy', path])
      await rm(image)
    },
  }
}

/** To the last block, for that long. */
async function fill(path: string, ms: number): Promise<boolean> {
  const filler = join(path, 'filler')
  try {
    const { bavail, bsize } = await statfs(path)
    await run('fallocate', ['--length', String(bavail * bsize), filler]).catch(() => {})
    const until = performance.now() + ms
    // What others free meanwhile is taken too.
    while (performance.now() < until) await takeCrumb(filler)
    return true
  } finally {
    await rm(filler, { force: true })
  }
}

async function takeCrumb(filler: string): Promise<void> {
  try {
    await appendFile(filler, CRUMB)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    await sleep(20)
  }
}
