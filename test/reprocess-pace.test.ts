import { describe, expect, test } from 'vitest'
import type { ReplicaLag } from '../src/catalog/replicas.ts'
import { type PaceLimits, YieldingPace } from '../src/reprocess/pace.ts'

type Lanes = { liveWaitsSince: Date | null; delayed: number; lags: ReplicaLag[] }

function paceOf(limits: Partial<PaceLimits>, lanes: Partial<Lanes> = {}, waits: number[] = []) {
  const state: Lanes = { liveWaitsSince: null, delayed: 0, lags: [], ...lanes }
  const asked: { photos: number; rate: number }[] = []
  const pace = new YieldingPace(
    {
      queue: {
        oldestWaiting: async () => state.liveWaitsSince,
        delayed: async () => state.delayed,
      },
      replicas: { lags: async () => state.lags },
      runs: {
        pace: async (_run, photos, rate) => {
          asked.push({ photos, rate })
          return waits.shift() ?? 0
        },
        paceOf: async () => null,
      },
    },
    1,
    { rate: null, share: null, ...limits },
  )
  return { pace, state, asked }
}

const longAgo = () => new Date(Date.now() - 60_000)

describe('the pace of a run', () => {
  test('has few jobs open at first, and more when all of them end between two looks', async () => {
    const { pace } = paceOf({})

    const first = await pace.allow(8)
    const rooms = []
    for (let n = 0; n < 10; n++) rooms.push((await pace.allow(0)).jobs)

    expect(first).toEqual({ jobs: 0, heldBecause: null })
    expect(rooms.slice(0, 3)).toEqual([16, 32, 64])
    expect(rooms.at(-1)).toBe(512)
  })

  test('begins nothing while live jobs wait, says so, and begins with fewer afterwards', async () => {
    const { pace, state } = paceOf({})
    for (let n = 0; n < 4; n++) await pace.allow(0)
    state.liveWaitsSince = longAgo()

    const held = [await pace.allow(0), await pace.allow(0)]
    state.liveWaitsSince = new Date()
    const after = await pace.allow(1)

    expect(held.map(({ jobs }) => jobs)).toEqual([0, 0])
    expect(held[0]?.heldBecause).toMatch(/^uploads and edits wait for workers/)
    expect(after).toEqual({ jobs: 31, heldBecause: null })
  })

  test('begins nothing while its own jobs wait for an engine', async () => {
    const { pace } = paceOf({}, { delayed: 6 })

    expect(await pace.allow(8)).toMatchObject({ jobs: 0, heldBecause: expect.stringMatching(/^6 jobs wait/) })
  })

  test.for([
    { seconds: 11, bytes: 1, held: 'the replica b of photos is 11 s behind' },
    { seconds: 9, bytes: 1e9, held: null },
    { seconds: null, bytes: 70e6, held: 'the replica b of photos is 70 MB behind' },
    { seconds: null, bytes: 60e6, held: null },
  ])(
    'begins nothing while a replica is behind by $seconds s, $bytes bytes: $held',
    async ({ held, ...lag }) => {
      const { pace } = paceOf({}, { lags: [{ name: 'b', database: 'photos', ...lag }] })

      const { jobs, heldBecause } = await pace.allow(0)

      expect(heldBecause?.split(':')[0] ?? null).toBe(held)
      expect(jobs > 0).toBe(held === null)
    },
  )

  test('bears with a replica that is meant to be behind', async () => {
    const lags = [{ name: 'b', database: 'photos', seconds: 3_600, bytes: 1 }]
    const { pace } = paceOf({ replicaLag: 7_200 }, { lags })

    expect(await pace.allow(0)).toEqual({ jobs: 16, heldBecause: null })
  })

  test('keeps to a rate, in photos of about a second at a time', async () => {
    const { pace, asked } = paceOf({ rate: 3 }, {}, [0, 60_000])

    const first = await pace.allow(0)
    const second = [await pace.allow(0), await pace.allow(0)]

    expect(first).toEqual({ jobs: 3, heldBecause: 'it keeps to 3 photos a second' })
    expect(second.map(({ jobs }) => jobs)).toEqual([0, 0])
    expect(asked).toEqual([
      { photos: 3, rate: 3 },
      { photos: 3, rate: 3 },
    ])
  })

  test('narrows after a page that took the database long', async () => {
    const { pace } = paceOf({})
    const clock = performance.now
    const times = [0, 3_000]
    performance.now = () => times.shift() ?? clock.call(performance)

    await pace.timed(async () => {})
    performance.now = clock

    expect(await pace.allow(2)).toEqual({ jobs: 2, heldBecause: 'a database is slow' })
  })
})
