import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inOrder } from '../src/import/run/in-order.ts'

const never = new AbortController().signal
const admit = async () => {}

async function* upTo(count: number) {
  for (let n = 0; n < count; n++) yield n
}

test('results come in the order of the items, whichever ends first, and no more are worked on than may be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3)), fc.integer({ min: 1, max: 5 }), async (pauses, atOnce) => {
      let working = 0
      let most = 0
      const work = async (n: number) => {
        most = Math.max(most, ++working)
        for (let tick = 0; tick < (pauses[n] ?? 0); tick++) await sleep(0)
        working -= 1
        return n
      }

      const results = await Array.fromAsync(
        inOrder(upTo(pauses.length), work, { atOnce, stop: never, admit }),
      )

      expect(results).toEqual(pauses.map((_, n) => n))
      expect(most).toBeLessThanOrEqual(atOnce)
    }),
    { numRuns: 50 },
  )
})

test('a result is there while the next may not be begun yet', async () => {
  const open = Promise.withResolvers<void>()
  let admitted = 0
  const results = inOrder(upTo(2), async (n) => n, {
    atOnce: 5,
    stop: never,
    admit: async () => (++admitted > 1 ? await open.promise : undefined),
  })

  expect(await results.next()).toEqual({ done: false, value: 0 })
  open.resolve()
  expect(await results.next()).toEqual({ done: false, value: 1 })
  expect((await results.next()).done).toBe(true)
})

test('a failure comes when it is its turn, and what was begun is waited for', async () => {
  let ended = 0
  const work = async (n: number) => {
    if (n === 1) throw new Error('one')
    await sleep(20)
    ended += 1
    return n
  }
  const results = inOrder(upTo(4), work, { atOnce: 4, stop: never, admit })

  expect(await results.next()).toMatchObject({ value: 0 })
  await expect(results.next()).rejects.toThrow('one')
  expect(ended).toBe(3)
})

test('a failure of the items comes behind their results', async () => {
  async function* items() {
    yield 1
    throw new Error('torn')
  }
  const results = inOrder(items(), async (n) => n, { atOnce: 2, stop: never, admit })

  expect(await results.next()).toMatchObject({ value: 1 })
  await expect(results.next()).rejects.toThrow('torn')
})

test('once it is stopped nothing more is begun, and what was begun comes; whoever leaves waits for no admission', async () => {
  const stop = new AbortController()
  const results = inOrder(upTo(9), async (n) => n, {
    atOnce: 3,
    stop: stop.signal,
    admit: async (signal) => void (signal.aborted || (await sleep(1))),
  })
  const first = await results.next()
  stop.abort()
  const rest = await Array.fromAsync(results)
  expect(first.value).toBe(0)
  expect(rest.length).toBeLessThan(5)

  let admissions = 0
  const left = inOrder(upTo(9), async (n) => n, {
    atOnce: 3,
    stop: never,
    admit: async (signal) => {
      if (++admissions > 1) await sleep(100_000, undefined, { signal }).catch(() => {})
    },
  })
  for await (const n of left) {
    expect(n).toBe(0)
    break
  }
})
