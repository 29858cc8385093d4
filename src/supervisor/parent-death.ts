import { spawnSync } from 'node:child_process'

/** Of util-linux, which every Debian has. */
const END_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL'] as const

let known: boolean | undefined

/** Whether this system kills a process, be it stopped, when its parent dies, for one that is started by `endingWithParent`. */
export function canEndWithParent(): boolean {
  known ??= process.platform === 'linux' && run(['true']).status === 0
  return known
}

/** The command, run so that the system kills it when we die. */
export function endingWithParent(command: readonly string[]): readonly string[] {
  return [...END_WITH_PARENT, ...command]
}

function run(command: readonly string[]) {
  const [file, ...args] = endingWithParent(command)
  return spawnSync(file ?? '', args, { stdio: 'ignore' })
}
