import type { Bench } from './bench.ts'
import type { Comparison } from './measure.ts'

export type Goal = { atLeast: number } | { below: number }

/** One row of the table: a ratio to something well known that was measured beside it, or a plain value. */
export type Figure =
  | ({ kind: 'ratio'; what: string; unit: string; goal: Goal | null } & Comparison)
  | { kind: 'value'; what: string; unit: string; goal: Goal | null; value: number }

/**
 * One thing that is measured, on what it starts by itself. Throws when what it measures does not work. A long one is
 * left for those who ask for it.
 */
export type Line = { name: string; isLong?: true; measure(bench: Bench): Promise<Figure[]> }

export function ratio(what: string, unit: string, comparison: Comparison, goal: Goal | null = null): Figure {
  return { kind: 'ratio', what, unit, goal, ...comparison }
}

export function value(what: string, unit: string, value: number, goal: Goal | null = null): Figure {
  return { kind: 'value', what, unit, goal, value }
}

/** Null for a figure without a goal. */
export function isMet(figure: Figure): boolean | null {
  if (figure.goal === null) return null
  const reached = figure.kind === 'ratio' ? figure.ratio.median : figure.value
  return 'atLeast' in figure.goal ? reached >= figure.goal.atLeast : reached < figure.goal.below
}
