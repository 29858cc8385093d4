import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasCloud } from '../chaos/engines/cloud.ts'
import type { EngineSet } from '../chaos/engines.ts'
import { planHavoc } from '../chaos/havoc.ts'
import { createRandom } from '../chaos/random.ts'
import { textOf } from '../chaos/report.ts'
import { runChaos } from '../chaos/run.ts'
import { needs } from './support/needs.ts'

/**
 * Jobs of workers that died with their supervisor come back after 10 s, and Ceph's disk takes 5 s to start, longer on a
 * machine that is busy.
 */
const TIMEOUT = 600_000

/** A short run: every victim is killed and paused about once. */
async function expectNothingLost(engines: EngineSet, stop: AbortSignal): Promise<void> {
  const report = await runChaos({ seed: 7, engines, uploads: 25, seconds: 8, stop })

  expect(report.findings, textOf(report)).toEqual([])
  expect(report.attempts.filter(({ outcome }) => outcome.name === 'acknowledged')).toHaveLength(25)
}

describe.concurrent('while all that Darkroom consists of is killed and paused at random, nothing that was acknowledged is lost', () => {
  const withCloud = needs('Redis and Ceph', hasCloud(), 'npm run services -- install')

  test('on the embedded engines', { timeout: TIMEOUT }, async ({ signal }) => {
    await expectNothingLost('embedded', signal)
  })

  withCloud('on the engines of the cloud', { timeout: TIMEOUT }, async ({ signal }) => {
    await expectNothingLost('cloud', signal)
  })
})

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
