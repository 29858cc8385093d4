import { readFile, writeFile } from 'node:fs/promises'

/** Memory of a process that is in RAM, in bytes, and the most it ever was. Linux only: null elsewhere. */
export async function residentBytes(pid: number): Promise<{ now: number; peak: number } | null> {
  if (process.platform !== 'linux') return null
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
  return { now: field('VmRSS'), peak: field('VmHWM') }
}

/** Memory of a process and its children that is in RAM, in bytes; what several share is counted once. Linux only: NaN elsewhere. */
export async function proportionalBytes(pid: number): Promise<number> {
  return await sumOfRollups(pid, ['Pss'])
}

/** The same without what is read from files, as programs and libraries are: of that each has less the more others run beside it. */
export async function ownBytes(pid: number): Promise<number> {
  return await sumOfRollups(pid, ['Pss_Anon', 'Pss_Shmem'])
}

async function sumOfRollups(pid: number, fields: readonly string[]): Promise<number> {
  if (process.platform !== 'linux') return Number.NaN
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kB = fields.map((field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]))
  const own = kB.reduce((sum, size) => sum + size) * 1024
  return own + (await sumOfChildren(pid, (child) => sumOfRollups(child, fields)))
}

/** Makes the peak begin anew (proc(5), clear_refs). */
export async function forgetPeak(pid: number): Promise<void> {
  if (process.platform === 'linux') await writeFile(`/proc/${pid}/clear_refs`, '5')
}

/** Linux counts in these whatever its timer does. */
const TICKS_PER_SECOND = 100

/** CPU seconds that a process and its children have used, those that ended too. Linux only: NaN elsewhere. */
export async function processorSeconds(pid: number): Promise<number> {
  if (process.platform !== 'linux') return Number.NaN
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // Behind the name in parentheses; of proc_pid_stat(5) these are utime, stime, cutime and cstime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return ticks / TICKS_PER_SECOND + (await sumOfChildren(pid, processorSeconds))
}

/** One that ends meanwhile counts as nothing, and is its parent's the next time. */
async function sumOfChildren(pid: number, figureOf: (child: number) => Promise<number>): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const figures = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => figureOf(Number(child)).catch(() => 0)),
  )
  return figures.reduce((sum, each) => sum + each, 0)
}
