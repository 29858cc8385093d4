import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

export type Child = { pid: number; command: string }

/** The children of a process, oldest first. */
export async function childrenOf(parent: number): Promise<Child[]> {
  const all = process.platform === 'linux' ? await fromProc() : await fromPs()
  return all
    .filter((one) => one.parent === parent)
    .toSorted((a, b) => b.age - a.age)
    .map(({ pid, command }) => ({ pid, command }))
}

type Listed = Child & { parent: number; age: number }

/** A Debian with nothing in it has no `ps`. */
async function fromProc(): Promise<Listed[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const listed = names.map(async (name): Promise<Listed[]> => {
    const read = async (file: string) => await readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')
    // The second field, the name of the program, may hold anything; the third is what follows its last parenthesis.
    const fields = (await read('stat')).split(') ').at(-1)?.split(' ') ?? []
    const command = (await read('cmdline')).replaceAll('\0', ' ').trim()
    return command
      ? [{ pid: Number(name), parent: Number(fields[1]), age: -Number(fields[19]), command }]
      : []
  })
  return (await Promise.all(listed)).flat()
}

async function fromPs(): Promise<Listed[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,etimes=,args='])
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, age, command] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return command ? [{ pid: Number(pid), parent: Number(parent), age: Number(age), command }] : []
  })
}

/** The processes that were given such a variable, or name the folder in their command line, which only Linux tells. */
export async function processesWith(variable: string, folder: string): Promise<Child[]> {
  const names = await readdir('/proc').catch(() => [])
  const found = names
    .filter((name) => /^\d+$/.test(name))
    .map(async (pid) => {
      const read = async (file: string) =>
        (await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')).split('\0')
      const command = (await read('cmdline')).join(' ').trim()
      // PostgreSQL is given an environment of its own.
      const isOne = (await read('environ')).includes(variable) || command.includes(folder)
      return isOne ? [{ pid: Number(pid), command }] : []
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
