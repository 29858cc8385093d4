import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A server that tests and trials need and that npm does not have: a Debian package, run on loopback by whoever asks. */
export type Service = {
  name: string
  /** What apt-get installs for it. */
  packages: readonly string[]
  /** What no Debian has, and Go compiles: its package and version. */
  goModule?: string
  /** The programs that tell whether it is installed. */
  programs: readonly string[]
  /** What ends its processes at once, `SIGKILL` unless given. */
  endsBy?: NodeJS.Signals
  /**
   * Starts it with its data in the folder, which is empty, and resolves when it answers. `processes` is called
   * with each process as it is started, so that it can be ended even when a later step fails.
   */
  start(folder: string, onProcess: (pid: number) => void): Promise<Environment>
}

/** What Darkroom's environment needs to use the service. */
export type Environment = Record<string, string>

/** Debian keeps daemons where the PATH of ordinary users does not lead. */
export const PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter)

export function isInstalled({ programs }: Pick<Service, 'programs'>): boolean {
  return programs.every((program) => PATH.split(delimiter).some((folder) => canRun(join(folder, program))))
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
