import { expect } from 'vitest'

expect.extend({
  toBeNear(color: readonly number[], expected: readonly number[], tolerance = 14) {
    const pass =
      color.length === expected.length &&
      color.every((value, i) => Math.abs(value - (expected[i] as number)) <= tolerance)
    return { pass, message: () => `${color} is ${pass ? '' : 'not '}within ${tolerance} of ${expected}` }
  },
})

declare module 'vitest' {
  // The parameters must be named as vitest names them.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Each channel of a colour T differs by the tolerance at most: lossy formats round. */
    toBeNear(expected: readonly number[], tolerance?: number): R
  }
}
