import { createHash } from 'node:crypto'

/** Decisions that are the same for the same seed. */
export type Random = {
  /** A number from `low` to below `high`. */
  between(low: number, high: number): number
  pick<Item>(items: readonly Item[]): Item
  shuffled<Item>(items: readonly Item[]): Item[]
}

/**
 * One stream of decisions of a seed (Mulberry32). Each decider has a stream of its own, named by `use`, so that
 * what one decides does not depend on how often another was asked before.
 */
export function createRandom(seed: number, use: string): Random {
  let state = createHash('sha256').update(`${seed} ${use}`).digest().readInt32LE()
  const fraction = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + fraction() * (high - low)
  return {
    between,
    pick: (items) => items[Math.floor(between(0, items.length))] as (typeof items)[number],
    // Fisher and Yates's.
    shuffled: (items) => {
      const order = [...items]
      for (let last = order.length - 1; last > 0; last--) {
        const other = Math.floor(between(0, last + 1))
        ;[order[last], order[other]] = [order[other] as never, order[last] as never]
      }
      return order
    },
  }
}
