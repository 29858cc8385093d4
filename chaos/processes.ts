import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

export type Child = { pid: number; command: string }

/** The children of a process, oldest first. */
export async function childrenOf(parent: number): Promise<Child[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,etimes=,args='])
  const children = stdout.split('\n').flatMap((line) => {
    const [, pid, ppid, age, command] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return Number(ppid) === parent && command ? [{ pid: Number(pid), age: Number(age), command }] : []
  })
  return children.toSorted((a, b) => b.age - a.age).map(({ pid, command }) => ({ pid, command }))
}

/** The processes that were given such a variable, which only Linux tells. */
export async function processesWith(variable: string): Promise<Child[]> {
  const names = await readdir('/proc').catch(() => [])
  const found = names
    .filter((name) => /^\d+$/.test(name))
    .map(async (pid) => {
      const read = async (file: string) =>
        (await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')).split('\0')
      const isOne = (await read('environ')).includes(variable)
      return isOne ? [{ pid: Number(pid), command: (await read('cmdline')).join(' ').trim() }] : []
    })
  return (await Promise.all(found)).flat()
}

/** Sends the signal to those that are still there. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
