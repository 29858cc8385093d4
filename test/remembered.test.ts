import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ANYBODY, ChangeLog } from '../src/catalog/database/change-log.ts'
import { Rounds } from '../src/catalog/database/rounds.ts'
import { Remembered } from '../src/catalog/feeds/remembered.ts'
import type { OwnerId } from '../src/photo/shard.ts'

const [ann, ben] = ['ann', 'ben'] as [OwnerId, OwnerId]

describe('what is remembered', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  /** What the database has, and for whom it was asked. */
  function openTable() {
    const rows = new Map([ann, ben].map((name) => [name, { version: 1 }]))
    const asked: string[] = []
    let held: Promise<void> = Promise.resolve()
    const remembered = new Remembered<{ version: number }>({
      most: 100,
      read: async (names) => {
        asked.push(names.join(' '))
        const read = names.map((name) => [name, rows.get(name) as { version: number }] as const)
        await held
        return new Map(read)
      },
    })
    const hold = () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return resolve
    }
    const versions = async () => (await remembered.of([ann, ben])).map(({ version }) => version)
    return { rows, asked, remembered, hold, versions }
  }

  test('is read once, and of whom a change was told again', async () => {
    const { rows, asked, remembered, versions } = openTable()

    expect([await versions(), await versions()]).toEqual([
      [1, 1],
      [1, 1],
    ])
    rows.set(ben, { version: 2 })
    remembered.forget([ben])
    expect(await versions()).toEqual([1, 2])
    remembered.forgetAll()
    expect(await versions()).toEqual([1, 2])

    expect(asked).toEqual(['ann ben', 'ben', 'ann ben'])
    expect(remembered.takeRate()).toBe(3 / 8)
  })

  test.each(['forget', 'forgetAll'] as const)(
    'is not what a change overtook while it was read (%s)',
    async (how) => {
      const { rows, remembered, hold, versions } = openTable()
      const release = hold()

      const before = versions()
      rows.set(ben, { version: 2 })
      remembered[how]([ben])
      release()

      expect(await before).toEqual([1, 1])
      expect(await versions()).toEqual([1, 2])
    },
  )

  test('is forgotten after ten seconds, as somebody may have died before they could tell', async () => {
    const { rows, versions } = openTable()
    await versions()
    rows.set(ben, { version: 2 })

    vi.advanceTimersByTime(4_000)
    expect(await versions()).toEqual([1, 1])
    vi.advanceTimersByTime(6_001)
    expect(await versions()).toEqual([1, 2])
  })

  test('is read anew after five seconds when somebody wants it, who does not wait for that', async () => {
    const { rows, asked, versions } = openTable()
    await versions()
    rows.set(ben, { version: 2 })

    await vi.advanceTimersByTimeAsync(5_001)
    expect(await versions()).toEqual([1, 1])
    await vi.advanceTimersByTimeAsync(1_000)

    expect(await versions()).toEqual([1, 2])
    expect(asked).toEqual(['ann ben', 'ann ben'])
  })
})

describe('the log of changes', () => {
  /** A place for one value, in which anything may happen to it. */
  function openPlace() {
    let value: Buffer | null = null
    return {
      latest: async () => value,
      update: async (_key: string, change: (before: Buffer | null) => Buffer) => {
        value = change(value)
      },
      spoil: (change: (value: Buffer | null) => Buffer | null) => {
        value = change(value)
      },
    }
  }

  const names = fc.array(fc.constantFrom('ann', 'ben', 'cid', 'dora'.repeat(30)), { minLength: 1 })
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ act: fc.constant('tell' as const), names }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('tellOfAnybody', 'empty', 'many') }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }) },
    { weight: 3, arbitrary: fc.record({ act: fc.constant('read' as const) }) },
  )

  test('names to who reads it whoever was told of since, or anybody, whatever happens to it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const place = openPlace()
        const log = new ChangeLog(place, 'log')
        let { seen } = await log.since(null)
        let told: string[] = []
        const read = async () => {
          const news = await log.since(seen)
          if (news.names !== null)
            expect(told.filter((name) => !news.names?.includes(name as OwnerId))).toEqual([])
          seen = news.seen
          told = []
        }
        const tell = async (names: string[]) => {
          await log.tell(names as OwnerId[])
          told.push(...names)
        }
        for (const each of steps) {
          if ('names' in each) await tell(each.names)
          else if ('at' in each) {
            place.spoil((value) => {
              const other = Buffer.from(value ?? '')
              if (other.length > 0)
                other[each.at % other.length] = (other[each.at % other.length] ?? 0) ^ (1 << each.bit)
              return other
            })
          } else if (each.act === 'empty') place.spoil(() => null)
          else if (each.act === 'many') await tell(Array.from({ length: 3_000 }, (_, n) => `owner-${n}`))
          else if (each.act === 'tellOfAnybody') await tell([ANYBODY])
          else await read()
        }
        await read()
      }),
      { numRuns: 200 },
    )
  })

  test('holds the latest changes, and not more than can be read at every page', async () => {
    const place = openPlace()
    const log = new ChangeLog(place, 'log')
    const { seen } = await log.since(null)
    for (let n = 0; n < 2_000; n++) await log.tell([`owner-${n}` as OwnerId])

    expect((await place.latest())?.length).toBeLessThan(17_000)
    expect((await log.since(seen)).names).toBeNull()
    const { seen: last } = await log.since(null)
    await log.tell([ann, ben])
    expect(await log.since(last)).toMatchObject({ names: [ann, ben] })
  })
})

test('who joins a batch that is under way is in the next one, with all who come until then', async () => {
  const batches: string[][] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const joined = new Rounds<string, number>(async (items) => {
    batches.push(items)
    if (batches.length === 1) await promise
    if (items.includes('d')) throw new Error('no')
    return items.length
  })

  const first = joined.join('a')
  await Promise.resolve()
  await Promise.resolve()
  const others = [joined.join('b'), joined.join('c')]
  resolve()

  expect(await Promise.all([first, ...others])).toEqual([1, 2, 2])
  await expect(joined.join('d')).rejects.toThrow('no')
  expect(await joined.join('e')).toBe(1)
  expect(batches).toEqual([['a'], ['b', 'c'], ['d'], ['e']])
})
