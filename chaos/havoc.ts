import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'
import { type Blow, strike, type Victim } from './victim.ts'

/** A blow that is to fall `afterMs` after the one before. */
export type PlannedBlow = Blow & { victim: string; afterMs: number }

/** How often each victim was hit in each way. */
export type Toll = Map<string, Record<Blow['how'], number>>

const PAUSE_MS = [1_000, 4_000] as const
const DOWN_MS = [100, 3_000] as const
const BETWEEN_MS = [300, 3_000] as const

/** Blows without end, every victim killed and paused once before any is a second time. Decided by the seed alone. */
export function* planHavoc(names: readonly string[], random: Random): Generator<PlannedBlow, never> {
  const ways = (['kill', 'pause'] as const).flatMap((how) => names.map((victim) => ({ victim, how })))
  for (;;) {
    for (const { victim, how } of random.shuffled(ways)) {
      const [low, high] = how === 'kill' ? DOWN_MS : PAUSE_MS
      yield { victim, how, ms: random.between(low, high), afterMs: random.between(...BETWEEN_MS) }
    }
  }
}

/**
 * Strikes until the signal is aborted; several victims may be down at once, and one that still is waits for its
 * next blow. Resolves, when all were started again and go on, with what was done.
 */
export async function wreakHavoc(
  victims: readonly Victim[],
  random: Random,
  stop: AbortSignal,
): Promise<Toll> {
  const toll: Toll = new Map(victims.map(({ name }) => [name, { kill: 0, pause: 0 }]))
  const lasting = new Map<string, Promise<void>>()
  const plan = planHavoc([...toll.keys()], random)
  while (!stop.aborted) {
    const { victim: name, afterMs, ...blow } = plan.next().value
    await sleep(afterMs, undefined, { signal: stop }).catch(() => {})
    const victim = victims.find((one) => one.name === name)
    if (!victim || stop.aborted) break
    const before = lasting.get(name)
    const struck = async () => {
      await before
      const counts = toll.get(name)
      if (!stop.aborted && (await strike(victim, blow)) && counts) counts[blow.how] += 1
    }
    lasting.set(name, struck())
  }
  await Promise.all(lasting.values())
  return toll
}
