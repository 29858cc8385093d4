import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planHavoc } from '../chaos/havoc.ts'
import { createRandom } from '../chaos/random.ts'

describe('the plan of what is hit', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 })
  const plan = (victims: readonly string[], seed: number, count: number) => {
    const ways = victims.flatMap((victim) => ['kill', 'pause'].map((how) => ({ victim, how })))
    return planHavoc(ways, createRandom(seed, 'havoc')).take(count).toArray()
  }

  test('is the same for the same seed', () => {
    fc.assert(
      fc.property(names, fc.nat(), (victims, seed) => {
        expect(plan(victims, seed, 50)).toEqual(plan(victims, seed, 50))
      }),
    )
  })

  test('hits every victim in each way once before any is hit so again', () => {
    fc.assert(
      fc.property(names, fc.nat(), fc.nat({ max: 3 }), (victims, seed, round) => {
        const ways = victims.length * 2
        const blows = plan(victims, seed, ways * (round + 1)).slice(-ways)

        expect(new Set(blows.map(({ victim, how }) => `${how} ${victim}`)).size).toBe(ways)
      }),
    )
  })
})
