import { setInterval as every, setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '../catalog/catalog.ts'
import { type Log, onceAMinute } from '../log.ts'

/** `progress` is what the turn before kept. */
export type Turn<Progress> = { progress: Progress | null; keep(progress: Progress | null): Promise<void> }

export type Task<Progress> = {
  name: string
  /** Between the end of a turn and the next, in this process or another. */
  pauseMs: number
  work(turn: Turn<Progress>): Promise<unknown>
}

export type TurnEngines = { catalog: Pick<Catalog, 'leases'> }

/** For so long others leave a task to a process that has died. */
const LEASE_S = 20
const RENEW_MS = 5_000

/**
 * Does a task again and again, in turns with all processes that do: one has it at a time, by a lease. A turn that takes
 * long delays the next one instead of running beside it. Resolves when stopped: a turn that runs is not waited for, as
 * it can be cut anywhere.
 */
export async function takeTurns<Progress>(
  { catalog }: TurnEngines,
  holder: string,
  task: Task<Progress>,
  log: Log,
  stop: AbortSignal,
): Promise<void> {
  const tell = onceAMinute((fields, message) => log.error(fields, message))
  while (!stop.aborted) {
    await sleep(task.pauseMs, undefined, { signal: stop }).catch(() => {})
    if (stop.aborted) return
    const turn = takeTurn({ catalog }, holder, task, stop).catch((err) => {
      if (!stop.aborted) tell({ err, task: task.name }, 'a sweep failed; it runs again')
    })
    await endOf(turn, stop)
  }
}

/** Resolves when the turn has ended, or when stopped. Turns that raced one promise would be kept by it for ever. */
async function endOf(turn: Promise<unknown>, stop: AbortSignal): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const end = () => resolve()
  stop.addEventListener('abort', end)
  void turn.then(end)
  await ended
  stop.removeEventListener('abort', end)
}

/** Does one turn, when it is ours. Returns whether it was. Throws what the work throws. */
export async function takeTurn<Progress>(
  { catalog }: TurnEngines,
  holder: string,
  { name, pauseMs, work }: Task<Progress>,
  stop: AbortSignal,
): Promise<boolean> {
  const lease = { name, holder }
  const taken = await catalog.leases.take<Progress>(lease, LEASE_S)
  if (!taken) return false
  const ended = new AbortController()
  const renewing = renew(async () => await catalog.leases.extend(lease, LEASE_S), ended.signal)
  try {
    await work({
      progress: taken.progress,
      keep: async (progress) => {
        stop.throwIfAborted()
        if (!(await catalog.leases.keepProgress(lease, progress)))
          throw new Error(`The lease of ${name} was lost.`)
      },
    })
  } finally {
    ended.abort()
    await renewing
    // Others wait as long as we do, but for what their clocks differ.
    await catalog.leases.extend(lease, (pauseMs * 0.9) / 1000)
  }
  return true
}

async function renew(extend: () => Promise<unknown>, ended: AbortSignal): Promise<void> {
  try {
    for await (const _ of every(RENEW_MS, null, { signal: ended })) await extend().catch(() => {})
  } catch (error) {
    if (!ended.aborted) throw error
  }
}
