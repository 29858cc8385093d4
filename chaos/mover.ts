import { setTimeout as sleep } from 'node:timers/promises'
import { RUNS_SHARD } from '../src/catalog/runs/runs.ts'
import { type OwnerId, SHARD_COUNT, shardOfOwner } from '../src/photo/shard.ts'
import { openCommand, type Shell } from './command.ts'
import type { Random } from './random.ts'
import type { Victim } from './victim.ts'

/** How many shards on either side of one move with it. */
const AROUND = 20
const BETWEEN_MS = [200, 1_500] as const
const AGAIN_MS = 200
const ENDS_WITHIN_MS = 60_000

export type MoverOptions = {
  /** Their URLs. */
  databases: readonly string[]
  owners: readonly OwnerId[]
  shell: Shell
  random: Random
}

/** Disposing kills the move that runs, if `finish` has not let it end. */
export type Mover = AsyncDisposable & {
  victim: Victim
  /** Lets the last move end, and resolves with how many there were, and a line when one did not end. */
  finish(): Promise<{ moves: number; findings: string[] }>
}

/** Moves the shards of owners, and the one that runs lie beside, to and fro between databases, and runs each move again until it succeeds. */
export function startMover({ databases, owners, shell, random }: MoverOptions): Mover {
  const command = openCommand('shards move', shell)
  const finishing = new AbortController()
  let isKilled = false
  let moves = 0

  const move = async () => {
    const shard = random.pick([...owners.map(shardOfOwner), RUNS_SHARD])
    const range = `${Math.max(shard - AROUND, 0)}-${Math.min(shard + AROUND, SHARD_COUNT - 1)}`
    const args = ['shards', 'move', range, '--to', random.pick(databases)]
    while ((await command.run(args)) !== 0) {
      if (isKilled) return
      await sleep(AGAIN_MS)
    }
    moves += 1
  }
  const moving = (async () => {
    while (!finishing.signal.aborted) {
      await move()
      await sleep(random.between(...BETWEEN_MS), undefined, { signal: finishing.signal }).catch(() => {})
    }
  })()
  const end = async () => {
    isKilled = true
    await command[Symbol.asyncDispose]()
  }

  return {
    victim: command.victim,
    finish: async () => {
      finishing.abort()
      const tooLate = setTimeout(() => void end(), ENDS_WITHIN_MS)
      await moving
      clearTimeout(tooLate)
      const late = `a move of shards did not succeed within ${ENDS_WITHIN_MS / 1000} s of calm`
      return { moves, findings: isKilled ? [late] : [] }
    },
    [Symbol.asyncDispose]: async () => {
      finishing.abort()
      await end()
      await moving
    },
  }
}
