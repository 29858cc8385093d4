import { expect } from 'vitest'
import type { RunState } from '../../src/catalog/runs/reported-runs.ts'
import type { PartAtWork, RunKind, Step } from '../../src/runs/run-kind.ts'
import { openTestDatabase } from './database.ts'
import { openRunServer, type RunServer } from './runs.ts'

export type Slice = { from: number; to: number }

/** A kind that acts on numbers, five at a time. */
export function numbers(act: (slice: Slice, part: PartAtWork) => Promise<unknown> = async () => {}): RunKind {
  return {
    name: 'numbers',
    pauseMs: null,
    slices: () => Array.from({ length: 4 }, (_, n) => ({ from: n * 10, to: n * 10 + 10 })),
    count: async (_engines, { slice }) => (slice as Slice).to - (slice as Slice).from,
    work: async function* (_engines, part): AsyncGenerator<Step> {
      const { from, to } = part.slice as Slice
      for (let at = (part.cursor as number) ?? from; at < to && !part.pausing.aborted; at += 5) {
        await act({ from: at, to: at + 5 }, part)
        yield { cursor: at + 5, done: 5 }
      }
    },
  }
}

export async function reached({ catalog }: RunServer, run: number, state: RunState): Promise<void> {
  await expect.poll(async () => (await catalog.runs.find(run)).state).toBe(state)
}

export async function openServers<const Count extends number>(count: Count) {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openTestDatabase())
  const servers = Array.from({ length: count }, () => opened.use(openRunServer(database)))
  const owned = opened.move()
  return {
    database,
    servers: servers as [RunServer, RunServer],
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}
