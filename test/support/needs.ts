import { expect, test } from 'vitest'

/**
 * `test` where the thing is there. Elsewhere the test is skipped, and its title says what it wants; on CI, where
 * nobody reads that, it fails instead.
 */
export function needs(thing: string, isThere: boolean, remedy: string): typeof test {
  if (isThere) return test
  const why = `needs ${thing}: ${remedy}`
  const absent = (title: string) => {
    if (process.env.CI) test(`${title} (${why})`, () => expect.fail(why))
    // biome-ignore lint/suspicious/noSkippedTests: skipped by name, where what it needs is not installed
    else test.skip(`${title} (${why})`, () => {})
  }
  return Object.assign(absent, { each: () => absent, for: () => absent }) as unknown as typeof test
}
