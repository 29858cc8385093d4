import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { CorruptPhotoError, TooManyPixelsError } from '../src/errors.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { BLUE, bodyOf, colorAt, GREEN, LIMITS, RED, YELLOW } from './support/rendition-pixels.ts'
import { makeRenditions } from './support/renditions.ts'
import { wish } from './support/wish.ts'
import './support/near.ts'

describe('a HEIC photo', () => {
  test.each(['phone-3.heic', 'phone-5.heic', 'phone-6.heic', 'photo.heic', '10-bit.heic'])(
    '%s is upright and in its colours, whatever its container and its EXIF both say of turning it',
    async (name) => {
      const { facts, renditions } = await makeRenditions(await fixture(name), wish(), LIMITS)

      expect(facts).toMatchObject({ width: 160, height: 120 })
      const body = bodyOf(renditions, 'small', 'jpeg')
      expect(await colorAt(body, 0.1, 0.1)).toBeNear(RED)
      expect(await colorAt(body, 0.9, 0.1)).toBeNear(GREEN)
      expect(await colorAt(body, 0.1, 0.9)).toBeNear(BLUE)
      expect(await colorAt(body, 0.9, 0.9)).toBeNear(YELLOW)
      // across the seams of the tiles
      expect(await colorAt(body, 0.4, 0.53)).toBeNear([124, 142, 154], 8)
      expect(await colorAt(body, 0.6, 0.47)).toBeNear([156, 138, 146], 8)
    },
  )

  test('keeps its transparency', async () => {
    const { renditions } = await makeRenditions(await fixture('alpha.heic'), wish(), LIMITS)

    const { data } = await sharp(bodyOf(renditions, 'small', 'webp'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([data[3], data[159 * 4 + 3]]).toBeNear([0, 255], 4)
    expect(await colorAt(bodyOf(renditions, 'small', 'jpeg'), 1, 0.5)).toBeNear([200, 60, 40])
  })

  test('has too many pixels by its container, before any is decoded', async () => {
    await expect(
      makeRenditions(await fixture('phone-6.heic'), wish(), { maxPixels: 160 * 120 - 1 }),
    ).rejects.toThrow(TooManyPixelsError)
  })

  test('whose picture is larger than its container says is corrupt, and takes no memory for it', async () => {
    const original = await fixture('photo.heic')
    // the box that tells the size: 16 × 16, while the coded picture has 160 × 120
    original.set([0, 0, 0, 16, 0, 0, 0, 16], original.indexOf('ispe') + 8)

    await expect(makeRenditions(original, wish(), { maxPixels: 256 })).rejects.toThrow(CorruptPhotoError)
  })

  test('cut anywhere or damaged inside is refused, never shown half', async () => {
    const whole = await fixture('phone-6.heic')
    const data = whole.indexOf('mdat') + 4
    const damaged = Buffer.from(whole)
    damaged.fill(0, data, data + 40)

    for (const bytes of [0.2, 0.6, 0.95].map((part) => whole.subarray(0, part * whole.length))) {
      await expect(makeRenditions(bytes, wish(), LIMITS)).rejects.toThrow(CorruptPhotoError)
    }
    await expect(makeRenditions(damaged, wish(), LIMITS)).rejects.toThrow(CorruptPhotoError)
  })
})

describe('a picture that can not be made', () => {
  test.each(['truncated.jpg', 'truncated.gif', 'text.jpg', 'drawing.svg'])(
    '%s is corrupt, and why is kept',
    async (name) => {
      const failure = await makeRenditions(await fixture(name), wish(), LIMITS).catch(
        (error: unknown) => error,
      )

      expect(failure).toBeInstanceOf(CorruptPhotoError)
      expect((failure as Error).cause).toBeInstanceOf(Error)
    },
  )

  test('cut anywhere behind its header is refused, never shown half', async () => {
    const whole = await noisyJpeg({ width: 300, height: 200 })

    for (const part of [0.3, 0.6, 0.9, 0.99]) {
      const cut = whole.subarray(0, Math.floor(whole.length * part))
      await expect(makeRenditions(cut, wish(), LIMITS)).rejects.toThrow(CorruptPhotoError)
    }
  })

  test('has too many pixels by its header, before any is decoded', async () => {
    const bomb = await fixture('bomb.png')

    await expect(makeRenditions(bomb, wish(), LIMITS)).rejects.toThrow(
      'The picture has 1600 megapixels (all frames counted); 100 are allowed.',
    )
  })
})
