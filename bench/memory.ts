import { readFile, writeFile } from 'node:fs/promises'

/** Memory of a process that is in RAM, in bytes, and the most it ever was. Linux only: null elsewhere. */
export async function residentBytes(pid: number): Promise<{ now: number; peak: number } | null> {
  if (process.platform !== 'linux') return null
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
  return { now: field('VmRSS'), peak: field('VmHWM') }
}

/** Makes the peak begin anew (proc(5), clear_refs). */
export async function forgetPeak(pid: number): Promise<void> {
  if (process.platform === 'linux') await writeFile(`/proc/${pid}/clear_refs`, '5')
}
