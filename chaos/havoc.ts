import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'
import type { Victim } from './victim.ts'

export type PlannedBlow = {
  victim: string
  how: string
  /** How long it lasts. */
  ms: number
  /** Until it falls, from the one before. */
  afterMs: number
}

/** How often each victim was hit in each way. */
export type Toll = Map<string, Record<string, number>>

const LASTS_MS = [1_000, 4_000] as const
/** What is killed lies so long where it is us who start it again. */
const DOWN_MS = [100, 3_000] as const
const BETWEEN_MS = [300, 3_000] as const

/** Blows without end, every victim hit once in each way before any is a second time. Decided by the seed alone. */
export function* planHavoc(
  ways: readonly Pick<PlannedBlow, 'victim' | 'how'>[],
  random: Random,
): Generator<PlannedBlow, never> {
  for (;;) {
    for (const { victim, how } of random.shuffled(ways)) {
      const [low, high] = how === 'kill' ? DOWN_MS : LASTS_MS
      yield { victim, how, ms: random.between(low, high), afterMs: random.between(...BETWEEN_MS) }
    }
  }
}

/**
 * Strikes until the signal is aborted; several victims may be down at once, and one that still is waits for its next
 * blow. When each was hit in each way there is a rest, or on a slow machine nothing would ever be up. Resolves, when
 * all were started again and go on, with what was done.
 */
export async function wreakHavoc(
  victims: readonly Victim[],
  random: Random,
  rest: () => Promise<unknown>,
  stop: AbortSignal,
): Promise<Toll> {
  const ways = victims.flatMap(({ name, blows }) => Object.keys(blows).map((how) => ({ victim: name, how })))
  const toll: Toll = new Map(
    victims.map(({ name, blows }) => [name, Object.fromEntries(Object.keys(blows).map((how) => [how, 0]))]),
  )
  const lasting = new Map<string, Promise<void>>()
  const plan = planHavoc(ways, random)
  for (let count = 1; !stop.aborted; count++) {
    const { victim: name, how, ms, afterMs } = plan.next().value
    await sleep(afterMs, undefined, { signal: stop }).catch(() => {})
    const blow = victims.find((victim) => victim.name === name)?.blows[how]
    if (!blow || stop.aborted) break
    const before = lasting.get(name)
    const struck = async () => {
      await before
      const counts = toll.get(name)
      if (!stop.aborted && (await blow(ms)) && counts) counts[how] = (counts[how] ?? 0) + 1
    }
    lasting.set(name, struck())
    if (count % ways.length === 0) await rest()
  }
  await Promise.all(lasting.values())
  return toll
}
