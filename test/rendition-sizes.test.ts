import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { fixture, noisyJpeg } from './support/pictures.ts'
import {
  BLUE,
  bodyOf,
  colorAt,
  digestOf,
  GREEN,
  JPEG_AND_WEBP,
  LIMITS,
  pixelsOf,
  RED,
  YELLOW,
} from './support/rendition-pixels.ts'
import { makeRenditions } from './support/renditions.ts'
import { PRESET_NAMES, wish } from './support/wish.ts'
import './support/near.ts'

describe('a large photo', () => {
  test('gives every preset as JPEG, at the size it promises', async () => {
    const original = await noisyJpeg({ width: 4032, height: 3024 })

    const { facts, renditions } = await makeRenditions(original, wish(), LIMITS)

    expect(facts).toMatchObject({ width: 4032, height: 3024 })
    expect(renditions).toHaveLength(5)
    const sizes: Record<string, number[]> = {
      thumb: [480, 480],
      small: [320, 240],
      medium: [640, 480],
      feed: [1080, 810],
      full: [2048, 1536],
    }
    for (const { preset, format, digest, width, height, bytes, body } of renditions) {
      expect([width, height]).toEqual(sizes[preset])
      expect(await sharp(body).metadata()).toMatchObject({ width, height, format: 'jpeg', channels: 3 })
      expect(bytes).toBe(body.length)
      expect(digest).toBe(digestOf(preset, format, null))
    }
  })

  test('looks as it would made straight from the original', async () => {
    const original = await noisyJpeg({ width: 2600, height: 1700 })
    const straight = await pixelsOf(
      await sharp(original).resize(320).jpeg({ quality: 74, chromaSubsampling: '4:4:4' }).toBuffer(),
    )

    const { renditions } = await makeRenditions(original, wish(), LIMITS)

    const small = await sharp(bodyOf(renditions, 'small', 'jpeg'))
      .removeAlpha()
      .raw()
      .toBuffer()
    const distance = small.reduce((sum, value, i) => sum + Math.abs(value - (straight[i] as number)), 0)
    expect(distance / small.length).toBeLessThan(4)
  })

  test('is shown as WebP and as JPEG alike, where an operator wants both', async () => {
    const { renditions } = await makeRenditions(
      await fixture('plain.jpg'),
      wish({ formats: JPEG_AND_WEBP }),
      LIMITS,
    )

    for (const preset of PRESET_NAMES) {
      expect(await colorAt(bodyOf(renditions, preset, 'webp'), 0.5, 0.5)).toBeNear(
        await colorAt(bodyOf(renditions, preset, 'jpeg'), 0.5, 0.5),
      )
    }
  })
})

describe('a small photo', () => {
  test('is never enlarged', async () => {
    const { renditions } = await makeRenditions(await fixture('plain.jpg'), wish(), LIMITS)

    const sizes = new Set(renditions.map(({ preset, width, height }) => `${preset} ${width}x${height}`))
    expect([...sizes].sort()).toEqual([
      'feed 160x120',
      'full 160x120',
      'medium 160x120',
      'small 160x120',
      'thumb 120x120',
    ])
  })

  test('of one pixel gives renditions of one pixel', async () => {
    const { facts, renditions } = await makeRenditions(await fixture('one-pixel.png'), wish(), LIMITS)

    expect(facts).toMatchObject({ width: 1, height: 1, color: '#b45a3c' })
    expect(renditions.every(({ width, height }) => width === 1 && height === 1)).toBe(true)
  })

  test('that is very wide keeps at least one row of pixels', async () => {
    const { renditions } = await makeRenditions(await fixture('very-wide.png'), wish(), LIMITS)

    const sizes = Object.fromEntries(renditions.map(({ preset, width, height }) => [preset, [width, height]]))
    expect(sizes).toEqual({
      full: [3000, 20],
      feed: [1080, 7],
      medium: [640, 4],
      small: [320, 2],
      thumb: [20, 20],
    })
  })
})

describe('a tall picture', () => {
  test('is as wide as what is written on it wants, in every format that can be so tall', async () => {
    const original = await sharp({
      create: { width: 1080, height: 20_000, channels: 4, background: { r: 90, g: 120, b: 200, alpha: 0.5 } },
    })
      .png()
      .toBuffer()

    const { renditions } = await makeRenditions(original, wish({ presets: ['feed', 'full'] }), LIMITS)

    const sizes = renditions.map(({ preset, format, width, height }) => [preset, format, width, height])
    expect(sizes.toSorted()).toEqual([
      ['feed', 'jpeg', 640, 11_852],
      ['feed', 'webp', 640, 11_852],
      ['full', 'jpeg', 1080, 20_000],
    ])
  })

  test('that moves is no taller than WebP can be', async () => {
    const frame = sharp({ create: { width: 40, height: 20_000, channels: 3, background: '#4060c0' } })
    const other = sharp({ create: { width: 40, height: 20_000, channels: 3, background: '#c06040' } })
    const frames = await Promise.all([frame.png().toBuffer(), other.png().toBuffer()])
    const original = await sharp(frames, { join: { animated: true } })
      .gif({ delay: [100, 100] })
      .toBuffer()

    const { renditions } = await makeRenditions(original, wish({ presets: ['small'] }), LIMITS)

    expect(await sharp(bodyOf(renditions, 'small', 'webp')).metadata()).toMatchObject({
      pages: 2,
      height: 16_383,
    })
  })
})

describe('orientation', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i is applied and the tag is dropped', async (orientation) => {
    const original = await fixture(`orientation-${orientation}.jpg`)

    const { facts, renditions } = await makeRenditions(original, wish({ presets: ['small'] }), LIMITS)

    expect(facts).toMatchObject({ width: 160, height: 120 })
    const body = bodyOf(renditions, 'small', 'jpeg')
    expect((await sharp(body).metadata()).orientation).toBeUndefined()
    expect(await colorAt(body, 0.1, 0.1)).toBeNear(RED)
    expect(await colorAt(body, 0.9, 0.1)).toBeNear(GREEN)
    expect(await colorAt(body, 0.1, 0.9)).toBeNear(BLUE)
    expect(await colorAt(body, 0.9, 0.9)).toBeNear(YELLOW)
  })
})

describe('a crop', () => {
  test.each([
    [{ x: 0, y: 0 }, RED],
    [{ x: 1, y: 1 }, YELLOW],
  ])('keeps the focus %o in sight', async (focus, corner) => {
    const { renditions } = await makeRenditions(
      await fixture('plain.jpg'),
      wish({ focus, presets: ['thumb'] }),
      LIMITS,
    )

    expect(await colorAt(bodyOf(renditions, 'thumb', 'jpeg'), focus.x, focus.y)).toBeNear(corner)
  })

  test('without a focus goes where there is something to see', async () => {
    const dot = await sharp({ create: { width: 60, height: 60, channels: 3, background: '#e01818' } })
      .png()
      .toBuffer()
    const original = await sharp({ create: { width: 900, height: 300, channels: 3, background: '#8899aa' } })
      .composite([{ input: dot, left: 780, top: 120 }])
      .png()
      .toBuffer()

    const { renditions } = await makeRenditions(original, wish({ presets: ['thumb'] }), LIMITS)

    const { channels } = await sharp(bodyOf(renditions, 'thumb', 'jpeg')).stats()
    expect(channels[0]?.max).toBeGreaterThan(200)
  })
})
