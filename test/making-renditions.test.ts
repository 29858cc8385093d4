import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { free } from '../workers/renditions/pixels.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { LIMITS } from './support/rendition-pixels.ts'
import { makeRenditions } from './support/renditions.ts'
import { PRESET_NAMES, wish } from './support/wish.ts'

describe('what is made', () => {
  test('is handed over while the rest is being made, and all of it before the end', async () => {
    const original = await noisyJpeg({ width: 1600, height: 1200 })
    const stored: string[] = []
    const thumbIsStored = Promise.withResolvers<void>()

    const { renditions } = await makeRenditions(original, wish(), LIMITS, async ({ preset }) => {
      // The largest waits for the smallest: handed over one after the other, they would wait for ever.
      if (preset === 'full') await thumbIsStored.promise
      stored.push(preset)
      if (preset === 'thumb') thumbIsStored.resolve()
    })

    expect(stored).toHaveLength(renditions.length)
    expect(new Set(stored)).toEqual(new Set(PRESET_NAMES))
  })

  test('fails as a whole when one of it can not be stored, and leaves nothing in flight', async () => {
    const original = await fixture('plain.jpg')

    let inFlight = 0

    const making = makeRenditions(original, wish(), LIMITS, async ({ preset }) => {
      if (preset === 'thumb') throw new Error('the store is full')
      inFlight += 1
      await sleep(100)
      inFlight -= 1
    })

    await expect(making).rejects.toThrow('the store is full')
    expect(inFlight).toBe(0)
  })
})

describe('memory of pixels', () => {
  test('is given back when asked, not when it is collected', async () => {
    const data = await sharp(await noisyJpeg({ width: 1000, height: 500 }))
      .raw()
      .toBuffer()
    const before = process.memoryUsage().external

    free([data, data])

    expect(before - process.memoryUsage().external).toBeGreaterThan(1000 * 500 * 2)
    expect(data).toHaveLength(0)
  })

  test('stays where other buffers may share it', () => {
    const [one, other] = [Buffer.from('one'), Buffer.from('other')]

    free([one])

    expect(other.toString()).toBe('other')
  })
})
