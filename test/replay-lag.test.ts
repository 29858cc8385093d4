import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplayLag } from '../src/catalog/database/replay-lag.ts'

/** So long until the next look, so many bytes that the database writes meanwhile, and how many of those it lacks a replica has then. */
const looks = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 2_000 }),
    written: fc.integer({ min: 0, max: 100 }),
    replayed: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 50 },
)

test('a replica is behind since the first look at which its database had more than the replica has now', () => {
  fc.assert(
    fc.property(looks, (steps) => {
      const lag = new ReplayLag()
      const history: { place: number; at: number }[] = []
      let [now, place, replica] = [0, 0, 0]
      for (const { after, written, replayed } of steps) {
        now += after
        place += written
        history.push({ place, at: now })
        lag.note(place, now)
        replica += Math.floor((place - replica) * replayed)

        const since = history.find((noted) => noted.place > replica)?.at ?? now
        expect(lag.of(replica, now)).toBe(now - since)
      }
    }),
  )
})

test('one that stands still for a day is known to be a day behind, and how much when it goes on, within a minute or so', () => {
  const lag = new ReplayLag()
  const [second, day] = [1_000, 86_400]
  for (let n = 1; n <= day; n++) {
    lag.note(n, n * second)
    lag.of(0, n * second)
  }

  expect(lag.of(0, day * second)).toBe((day - 1) * second)
  const behind = lag.of(day / 2, day * second) / second
  expect(behind).toBeGreaterThan(day / 2 - 200)
  expect(behind).toBeLessThanOrEqual(day / 2)
})
