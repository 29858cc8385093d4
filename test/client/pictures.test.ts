import fc from 'fast-check'
import sharp from 'sharp'
import { rgbaToThumbHash, thumbHashToRGBA } from 'thumbhash'
import { describe, expect, test } from 'vitest'
import { renditionsOf, srcset, thumbhashUrl } from '../../clients/typescript/src/darkroom-client.ts'
import { decodeThumbhash } from '../../clients/typescript/src/thumbhash.ts'
import type { Photo } from '../../clients/typescript/src/types.ts'

describe('a thumbhash', () => {
  const pictures = fc
    .record({ width: fc.integer({ min: 1, max: 100 }), height: fc.integer({ min: 1, max: 100 }) })
    .chain(({ width, height }) =>
      fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        rgba: fc.uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 }),
      }),
    )

  test('is decoded to the picture that its author decodes it to', () => {
    fc.assert(
      fc.property(pictures, fc.boolean(), ({ width, height, rgba }, isOpaque) => {
        if (isOpaque) for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255
        const hash = rgbaToThumbHash(width, height, rgba)
        const theirs = thumbHashToRGBA(hash)

        const ours = decodeThumbhash(hash)

        expect([ours.width, ours.height]).toEqual([theirs.w, theirs.h])
        const differences = ours.rgba.map((value, i) => Math.abs(value - (theirs.rgba[i] as number)))
        expect(Math.max(...differences)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 50 },
    )
  })

  test('is a PNG that any decoder reads', async () => {
    const hash = rgbaToThumbHash(2, 1, Uint8Array.from([255, 0, 0, 255, 0, 0, 255, 255]))
    const url = thumbhashUrl(Buffer.from(hash).toString('base64'))

    const [head = '', bytes = ''] = url.split(',')
    const { data, info } = await sharp(Buffer.from(bytes, 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true })

    expect(head).toBe('data:image/png;base64')
    expect([...data]).toEqual([...decodeThumbhash(hash).rgba])
    expect(info).toMatchObject({ width: 32, channels: 4 })
  })
})

describe('renditions', () => {
  const rendition = (preset: string, format: 'avif' | 'jpeg', width: number) => ({
    ...{ preset, format, width, height: width, bytes: 1 },
    path: `public/7/1-x/${preset}.${format}`,
  })
  const photo = {
    renditions: [
      rendition('feed', 'jpeg', 1080),
      rendition('small', 'jpeg', 320),
      rendition('feed', 'avif', 1080),
      rendition('full', 'avif', 1080),
      rendition('thumb', 'jpeg', 480),
    ],
  } as unknown as Photo
  const shared = { origin: 'https://cdn.example', query: 'Policy=x', expiresAt: '' }

  test('are those of the best-liked format, by width, each width once in a srcset', () => {
    expect(renditionsOf(photo, { formats: ['jpeg', 'avif'] }).map(({ preset }) => preset)).toEqual([
      'small',
      'thumb',
      'feed',
    ])
    expect(renditionsOf(photo, { presets: ['thumb'] }).map(({ format }) => format)).toEqual(['jpeg'])
    expect(srcset(photo, {}, shared)).toBe('https://cdn.example/public/7/1-x/full.avif?Policy=x 1080w')
  })
})
