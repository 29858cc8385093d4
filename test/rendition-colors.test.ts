import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { ownFilters } from '../src/filters/filter-book.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { fixture } from './support/pictures.ts'
import { bodyOf, colorAt, digestOf, LIMITS, RED, YELLOW } from './support/rendition-pixels.ts'
import { makeRenditions } from './support/renditions.ts'
import { wish } from './support/wish.ts'
import './support/near.ts'

const WHITE = [255, 255, 255]
const BROWN = [180, 90, 60]

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
