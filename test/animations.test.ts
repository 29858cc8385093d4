import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { TooManyPixelsError } from '../src/errors.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { fixture } from './support/pictures.ts'
import { BLUE, bodyOf, colorAt, frame, GREEN, LIMITS, RED } from './support/rendition-pixels.ts'
import { makeRenditions } from './support/renditions.ts'
import { wish } from './support/wish.ts'
import './support/near.ts'

describe('an animation', () => {
  test.each(['animated.gif', 'animated.webp'])('%s moves in the sizes of a feed', async (name) => {
    const original = await fixture(name)
    const { pages, delay, loop } = { pages: 3, delay: [100, 100, 100], loop: 0 }

    const { facts, renditions } = await makeRenditions(original, wish(), LIMITS)

    expect(facts).toMatchObject({ width: 48, height: 32 })
    for (const preset of ['small', 'medium', 'feed'] as const) {
      const body = bodyOf(renditions, preset, 'webp')
      expect(await sharp(body).metadata()).toMatchObject({ pages, delay, loop, width: 48, height: 32 })
      expect(await colorAt(body, 0.5, 0.5)).toBeNear(RED)
      expect(await colorAt(await frame(body, 1), 0.5, 0.5)).toBeNear(GREEN)
      expect(await colorAt(await frame(body, 2), 0.5, 0.5)).toBeNear(BLUE)
    }
  })

  test.each(['animated.gif', 'animated.webp'])(
    '%s is its first frame as JPEG, as thumb and at full size',
    async (name) => {
      const { renditions } = await makeRenditions(await fixture(name), wish(), LIMITS)

      for (const [preset, format] of [
        ['feed', 'jpeg'],
        ['thumb', 'jpeg'],
        ['full', 'jpeg'],
      ] as const) {
        const body = bodyOf(renditions, preset, format)
        expect((await sharp(body).metadata()).pages).toBeUndefined()
        expect(await colorAt(body, 0.5, 0.5)).toBeNear(RED)
      }
    },
  )

  test('has its look in every frame, and is scaled as a whole', async () => {
    const original = await sharp(await fixture('animated.webp'), { animated: true })
      .resize(480, 320)
      .gif({ loop: 2 })
      .toBuffer()
    const look = { filter: 'mono' as FilterName, strength: 1 }

    const { renditions } = await makeRenditions(original, wish({ look }), LIMITS)

    const body = bodyOf(renditions, 'small', 'webp')
    expect(await sharp(body).metadata()).toMatchObject({ pages: 3, loop: 2, width: 320, height: 213 })
    for (const page of [0, 1, 2]) {
      const [red, green, blue] = await colorAt(await frame(body, page), 0.5, 0.5)
      expect([green, blue]).toBeNear([red as number, red as number], 4)
    }
  })

  test('has frames that nothing of their neighbours runs into', async () => {
    const colors = ['#ff0000', '#0000ff', '#ff0000']
    const frames = await Promise.all(
      colors.map((background) =>
        sharp({ create: { width: 701, height: 467, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    )
    const original = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true, delay: [100, 100, 100] })
      .toBuffer()

    const { renditions } = await makeRenditions(original, wish(), LIMITS)

    const body = bodyOf(renditions, 'small', 'webp')
    for (const [page, expected] of [
      [255, 0, 0],
      [0, 0, 255],
      [255, 0, 0],
    ].entries()) {
      const shown = await frame(body, page)
      for (const y of [0, 0.999]) expect(await colorAt(shown, 0.5, y)).toBeNear(expected, 8)
    }
  })

  test('counts with all its frames', async () => {
    const original = await fixture('animated.gif')
    const limits = { maxPixels: 48 * 32 * 3 - 1 }

    await expect(makeRenditions(original, wish(), limits)).rejects.toThrow(TooManyPixelsError)
    await expect(makeRenditions(original, wish(), { maxPixels: 48 * 32 * 3 })).resolves.toBeDefined()
  })
})
