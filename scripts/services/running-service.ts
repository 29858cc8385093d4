import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buryWithUs, endProcesses, isOurs } from './daemon.ts'
import type { Environment, Service } from './service.ts'

type State = { pids: number[]; endsBy: NodeJS.Signals | undefined; env: Environment }

export type RunningService = AsyncDisposable & { env: Environment }

/** A service of the caller's own in a temporary folder, on free ports. Disposing ends it and removes its data, as our end does. */
export async function startTemporarily(service: Service): Promise<RunningService> {
  const folder = await mkdtemp(join(tmpdir(), `darkroom-${service.name}-`))
  const burial = buryWithUs(folder)
  const pids: number[] = []
  const end = async () => {
    await endProcesses(pids, folder, service.endsBy)
    await rm(folder, { recursive: true, force: true })
    burial[Symbol.dispose]()
  }
  try {
    const env = await service.start(folder, (pid) => pids.push(pid))
    return { env, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

/** Starts the service in the folder for whoever comes later, unless it runs there already. */
export async function bringUp(service: Service, folder: string): Promise<Environment> {
  const running = await findRunning(folder)
  if (running) return running.env
  await takeDown(folder)
  // Open to pass through: what root starts may run as another.
  await mkdir(folder, { recursive: true, mode: 0o711 })
  const state: State = { pids: [], endsBy: service.endsBy, env: {} }
  try {
    state.env = await service.start(folder, (pid) => state.pids.push(pid))
    await writeFile(stateFile(folder), JSON.stringify(state))
    return state.env
  } catch (error) {
    await endProcesses(state.pids, folder, state.endsBy)
    throw error
  }
}

/** Ends what runs in the folder and removes its data. */
export async function takeDown(folder: string): Promise<void> {
  const state = await readState(folder)
  if (state) await endProcesses(state.pids, folder, state.endsBy)
  await rm(folder, { recursive: true, force: true })
}

/** What runs in the folder with all of its processes, or null. */
export async function findRunning(folder: string): Promise<State | null> {
  const state = await readState(folder)
  return state?.pids.every((pid) => isOurs(pid, folder)) ? state : null
}

async function readState(folder: string): Promise<State | null> {
  try {
    return JSON.parse(await readFile(stateFile(folder), 'utf8'))
  } catch {
    return null
  }
}

function stateFile(folder: string): string {
  return join(folder, 'darkroom-service.json')
}
