import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { CorruptPhotoError, TooManyPixelsError } from '../src/errors.ts'
import { ownFilters } from '../src/filters/filter-book.ts'
import type { FilterName } from '../src/photo/filter.ts'
import type { AppliedLook } from '../src/photo/look.ts'
import type { PresetName } from '../src/photo/presets.ts'
import { recipeDigest } from '../src/photo/recipe.ts'
import { RENDITION_FORMAT_NAMES, type RenditionFormat } from '../src/photo/rendition-formats.ts'
import { byteLimit } from '../workers/renditions/byte-limit.ts'
import { free } from '../workers/renditions/pixels.ts'
import { readHeader } from '../workers/renditions/read-header.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { makeRenditions, type RenditionFile } from './support/renditions.ts'
import { PRESET_NAMES, presetCalled, wish } from './support/wish.ts'

const LIMITS = { maxPixels: 100_000_000 }
const JPEG_AND_WEBP = ['jpeg', 'webp'] as const
const RED = [230, 30, 30]
const GREEN = [30, 180, 40]
const BLUE = [30, 50, 220]
const YELLOW = [240, 220, 30]
const WHITE = [255, 255, 255]
const BROWN = [180, 90, 60]

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

describe('a rendition as large as the original', () => {
  test.each([10, 20, 30, 45, 70, 90])('has no more bytes than a JPEG of quality %i', async (quality) => {
    const original = await sharp(await noisyJpeg({ width: 500, height: 400 }))
      .jpeg({ quality })
      .toBuffer()

    const { renditions } = await makeRenditions(original, wish({ formats: RENDITION_FORMAT_NAMES }), LIMITS)

    const whole = renditions.filter(({ width }) => width === 500)
    // AVIF is left out where it would have to be of no use
    expect(whole.filter(({ format }) => format !== 'avif')).toHaveLength(6)
    for (const { bytes } of whole) expect(bytes).toBeLessThanOrEqual(original.length)
  })

  test('of a drawing loses nothing as WebP where losing something would take more bytes', async () => {
    const original = await drawing()

    const { renditions } = await makeRenditions(original, wish({ formats: JPEG_AND_WEBP }), LIMITS)

    const body = bodyOf(renditions, 'full', 'webp')
    expect(body.length).toBeLessThanOrEqual(original.length)
    expect(await pixelsOf(body)).toEqual(await pixelsOf(original))
  })
})

describe('text of few colours', () => {
  test('is never made unreadable to have fewer bytes: AVIF is left out, and WebP loses nothing', async () => {
    const original = await writing()

    const { renditions } = await makeRenditions(original, wish({ formats: RENDITION_FORMAT_NAMES }), LIMITS)

    const whole = renditions.filter(({ width }) => width === 640)
    expect(new Set(whole.map(({ format }) => format))).toEqual(new Set(['webp', 'jpeg']))
    const body = bodyOf(renditions, 'full', 'webp')
    expect(body.length).toBeLessThan(original.length)
    expect(await pixelsOf(body)).toEqual(await pixelsOf(original))
    const asJpeg = await pixelsOf(bodyOf(renditions, 'full', 'jpeg'))
    const wanted = await pixelsOf(original)
    const distance = asJpeg.reduce((sum, value, i) => sum + Math.abs(value - (wanted[i] as number)), 0)
    expect(distance / asJpeg.length).toBeLessThan(8)
  })

  test('has no AVIF of more bytes than what there is in another format', async () => {
    const original = await noisyJpeg({ width: 800, height: 600 })
    const formats = ['avif'] as const
    const made = async (bytes: number) => {
      const rivals = new Map([['medium', bytes]] as const)
      return (await makeRenditions(original, wish({ presets: ['medium'], formats, rivals }), LIMITS))
        .renditions
    }

    const [first] = await made(Number.POSITIVE_INFINITY)
    const { bytes } = first as { bytes: number }

    expect(await made(bytes + 1)).toHaveLength(1)
    expect(await made(bytes)).toHaveLength(0)
  })

  test.each([
    ['png', true],
    ['gif', true],
    ['webp', false],
    ['jpeg', false],
  ] as const)(
    'is stored without loss where the original was, where that is smaller: %s, %s',
    async (format, isLossless) => {
      const original = await sharp(await noisyJpeg({ width: 200, height: 100 }))
        .toFormat(format, { quality: 20 })
        .toBuffer()
      const photo = await readHeader(original, LIMITS.maxPixels)

      expect(byteLimit(photo, original, photo, 'webp')).toEqual({ bytes: original.length, isLossless })
    },
  )
})

describe('colour that changes from pixel to pixel', () => {
  test.each(['jpeg', 'webp'] as const)('is smeared less in %s than it usually is', async (format) => {
    const grey = async (body: Buffer) => await sharp(body).greyscale().raw().toBuffer()
    const light = await grey(await drawing())
    // of a format that is never the limit
    const original = await sharp(await drawing())
      .tiff({ compression: 'none' })
      .toBuffer()
    const usual = await sharp(original).toFormat(format, { quality: 80 }).toBuffer()

    const { renditions } = await makeRenditions(original, wish({ formats: JPEG_AND_WEBP }), LIMITS)

    const distance = async (body: Buffer) =>
      (await grey(body)).reduce((sum, value, i) => sum + Math.abs(value - (light[i] as number)), 0)
    expect(await distance(bodyOf(renditions, 'full', format))).toBeLessThan(0.9 * (await distance(usual)))
  })
})

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

describe('colours', () => {
  test.each([
    '16-bit.png',
    'display-p3.jpg',
    'display-p3-16-bit.png',
    'display-p3-alpha.png',
    'cmyk.jpg',
    'lab.tif',
  ])('of %s come out as sRGB', async (name) => {
    const { renditions } = await makeRenditions(await fixture(name), wish({ presets: ['full'] }), LIMITS)

    // CMYK without a profile is anyone's guess, and the fixture was made by another one.
    const format = name.includes('alpha') ? 'webp' : 'jpeg'
    expect(await colorAt(bodyOf(renditions, 'full', format), 0.5, 0.5)).toBeNear(
      BROWN,
      name === 'cmyk.jpg' ? 30 : 6,
    )
  })

  test('of a profile stay right when the photo is shrunk', async () => {
    const original = await sharp(await fixture('display-p3.jpg'))
      .resize(3000, 2000)
      .withIccProfile('p3')
      .jpeg()
      .toBuffer()

    const { renditions } = await makeRenditions(original, wish(), LIMITS)

    for (const { body } of renditions) expect(await colorAt(body, 0.5, 0.5)).toBeNear(BROWN, 6)
  })

  test('of a grey photo stay grey', async () => {
    const { renditions } = await makeRenditions(
      await fixture('grey.jpg'),
      wish({ presets: ['small'] }),
      LIMITS,
    )

    const [red, green, blue] = await colorAt(bodyOf(renditions, 'small', 'jpeg'), 0.5, 0.5)
    expect([green, blue]).toBeNear([red as number, red as number], 2)
  })

  test.each(['photo.webp', 'photo.avif', 'photo.tif', 'opaque-alpha.png'])('of %s are kept', async (name) => {
    const { renditions } = await makeRenditions(await fixture(name), wish({ presets: ['small'] }), LIMITS)

    expect(await colorAt(bodyOf(renditions, 'small', 'jpeg'), 0.1, 0.1)).toBeNear(RED)
    expect(await colorAt(bodyOf(renditions, 'small', 'jpeg'), 0.9, 0.9)).toBeNear(YELLOW)
  })
})

describe('transparency', () => {
  test('is kept in WebP and white in JPEG', async () => {
    const { renditions } = await makeRenditions(
      await fixture('alpha.png'),
      wish({ presets: ['small'] }),
      LIMITS,
    )

    const [webp, jpeg] = [bodyOf(renditions, 'small', 'webp'), bodyOf(renditions, 'small', 'jpeg')]
    expect(await sharp(webp).metadata()).toMatchObject({ hasAlpha: true })
    expect(renditions).toHaveLength(2)
    expect(await colorAt(jpeg, 0, 0.5)).toBeNear(WHITE)
    expect(await colorAt(jpeg, 1, 0.5)).toBeNear([200, 60, 40])
  })

  test('that hides nothing costs no alpha channel', async () => {
    const { renditions } = await makeRenditions(await fixture('opaque-alpha.png'), wish(), LIMITS)

    for (const { body } of renditions) expect(await sharp(body).metadata()).toMatchObject({ hasAlpha: false })
  })
})

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

describe('a look', () => {
  test('shows in every rendition and in what is known of the photo', async () => {
    const original = await fixture('plain.jpg')
    const look = { filter: 'mono' as FilterName, strength: 1 }
    const plain = await makeRenditions(original, wish(), LIMITS)

    const { facts, renditions } = await makeRenditions(original, wish({ look }), LIMITS)

    for (const { preset, namedBy = preset, format, digest, body } of renditions) {
      const [red, green, blue] = await colorAt(body, 0.1, 0.1)
      expect([green, blue]).toBeNear([red as number, red as number], 4)
      expect(digest).toBe(digestOf(namedBy, format, ownFilters().applied(look)))
    }
    expect(facts.color).toMatch(/^#(..)\1\1$/)
    expect(facts.thumbhash).not.toBe(plain.facts.thumbhash)
  })
})

describe('what else is in a rendition', () => {
  test('is nothing: no profile, no thumbnail, no metadata', async () => {
    const { renditions } = await makeRenditions(await fixture('phone-6.heic'), wish(), LIMITS)

    for (const { body } of renditions) {
      const { exif, icc, xmp, iptc } = await sharp(body).metadata()
      expect({ exif, icc, xmp, iptc }).toEqual({})
    }
  })

  test('is not twice the same work: presets that come out alike share an object', async () => {
    const kept: string[] = []
    const keep = async ({ preset, format }: RenditionFile) => void kept.push(`${preset} ${format}`)
    const { renditions } = await makeRenditions(await fixture('plain.jpg'), wish(), LIMITS, keep)

    const named = renditions.map(({ preset, namedBy = preset, format }) => `${namedBy} ${format}`)
    expect(new Set(kept)).toEqual(new Set(named))
    expect(kept).toHaveLength(new Set(named).size)
    expect(bodyOf(renditions, 'full', 'jpeg')).toBe(bodyOf(renditions, 'small', 'jpeg'))
  })
})

function digestOf(name: PresetName, format: RenditionFormat, look: AppliedLook | null): string {
  return recipeDigest({ preset: presetCalled(name), format, look, edition: 0 })
}

function bodyOf(renditions: readonly RenditionFile[], preset: PresetName, format: RenditionFormat): Buffer {
  const found = renditions.find((it) => it.preset === preset && it.format === format)
  if (!found) throw new Error(`No ${format} of ${preset}`)
  return found.body
}

/** Thin red and blue lines on white, as a chart has them. */
/** Letters as screens draw them: thin, in sixteen shades, on one colour. */
async function writing(): Promise<Buffer> {
  const size = { width: 640, height: 400 }
  const data = Buffer.alloc(size.width * size.height * 3, 250)
  const glyphs = [0x1f4, 0x0ea, 0x155, 0x1b3, 0x0d6, 0x12d]
  for (let y = 20; y < 380; y++) {
    if (y % 20 >= 9) continue
    for (let x = 20; x < 620; x++) {
      const [letter, row, column] = [Math.floor(x / 8) + 3 * Math.floor(y / 20), y % 20, x % 8]
      const bits = glyphs[letter % glyphs.length] as number
      const ink = column < 6 && ((bits >> ((row + 2 * column) % 9)) & 1) === 1
      if (ink)
        data.fill(20 + 12 * ((row + column) % 16), (y * size.width + x) * 3, (y * size.width + x + 1) * 3)
    }
  }
  return await sharp(data, { raw: { ...size, channels: 3 } })
    .png({ palette: true })
    .toBuffer()
}

async function drawing(): Promise<Buffer> {
  const size = { width: 240, height: 160 }
  const data = Buffer.alloc(size.width * size.height * 3, 255)
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const at = (y * size.width + x) * 3
      if ((x + y) % 7 === 0) data.set([230, 20, 20], at)
      else if ((x - y + 280) % 11 === 0) data.set([20, 30, 220], at)
    }
  }
  return await sharp(data, { raw: { ...size, channels: 3 } })
    .png({ palette: true })
    .toBuffer()
}

async function frame(body: Buffer, page: number): Promise<Buffer> {
  return await sharp(body, { page }).png().toBuffer()
}

function pixelsOf(body: Buffer): Promise<Buffer> {
  return sharp(body).raw().toBuffer()
}

/** The colour at a point of 0..1 from the top left corner. */
async function colorAt(body: Buffer, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(body).raw().toBuffer({ resolveWithObject: true })
  const at = (part: number, length: number) => Math.round(part * (length - 1))
  const start = (at(y, info.height) * info.width + at(x, info.width)) * info.channels
  return [...data.subarray(start, start + 3)]
}

expect.extend({
  toBeNear(color: readonly number[], expected: readonly number[], tolerance = 14) {
    const pass =
      color.length === expected.length &&
      color.every((value, i) => Math.abs(value - (expected[i] as number)) <= tolerance)
    return { pass, message: () => `${color} is ${pass ? '' : 'not '}within ${tolerance} of ${expected}` }
  },
})

declare module 'vitest' {
  // The parameters must be named as vitest names them.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Each channel of a colour T differs by the tolerance at most: lossy formats round. */
    toBeNear(expected: readonly number[], tolerance?: number): R
  }
}
