import { describe, expect, test } from 'vitest'
import { EngineUnavailableError } from '../src/errors.ts'
import { Slots } from '../src/slots.ts'

const LONG = 60_000

describe('slots', () => {
  test('are held by so many at once, and handed over in the order they were asked for', async () => {
    const slots = new Slots(2, 'too late')
    const order: number[] = []
    let held = 0
    let mostHeld = 0
    const work = async (name: number) => {
      using _slot = await slots.acquire(LONG)
      order.push(name)
      mostHeld = Math.max(mostHeld, ++held)
      await new Promise(setImmediate)
      held--
    }

    await Promise.all(Array.from({ length: 9 }, (_, name) => work(name)))

    expect(mostHeld).toBe(2)
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('are refused to who has waited too long, and are then for the next', async () => {
    const slots = new Slots(1, 'too late')
    const first = await slots.acquire(LONG)
    const impatient = slots.acquire(1)
    const patient = slots.acquire(LONG)

    await expect(impatient).rejects.toThrow(EngineUnavailableError)
    first[Symbol.dispose]()
    const second = await patient
    second[Symbol.dispose]()

    await expect(slots.acquire(1)).resolves.toBeDefined()
  })
})
