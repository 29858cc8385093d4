import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { CorruptPhotoError, TooManyPixelsError } from '../src/errors.ts'
import { drawFrames } from '../workers/renditions/gif/draw-frames.ts'
import { readGif } from '../workers/renditions/gif/gif-file.ts'
import { gifFile } from './support/gif-file.ts'
import { noisyJpeg } from './support/pictures.ts'
import { makeRenditions } from './support/renditions.ts'
import { wish } from './support/wish.ts'

const SIZE = { width: 20, height: 10 }
const [RED, GREEN, CLEAR] = [
  [230, 30, 30, 255],
  [30, 180, 40, 255],
  [0, 0, 0, 0],
]

async function moving(gif: Buffer, maxPixels = 1e8) {
  const wanted = wish({ presets: ['feed'], formats: ['webp'] })
  const { renditions } = await makeRenditions(gif, wanted, { maxPixels })
  const [found] = renditions
  if (!found) throw new Error('No feed')
  return { ...found, metadata: await sharp(found.body).metadata() }
}

/** The colours at a point of the canvas, frame by frame. */
function colorsAt(gif: Buffer, x: number, y: number): number[][] {
  const file = readGif(gif)
  return [...drawFrames(file).map((canvas) => [...canvas.subarray((y * file.width + x) * 4).subarray(0, 4)])]
}

/** A small green frame over a red one, before a third that is elsewhere. */
function overlaid(disposal: number, transparent?: number): Buffer {
  const green = { left: 5, top: 5, width: 5, height: 5, index: 1, disposal }
  return gifFile(SIZE, [
    { ...SIZE, index: 0, disposal: 1 },
    transparent === undefined ? green : { ...green, transparent },
    { width: 1, height: 1, index: 0 },
  ])
}

describe('what a frame leaves behind', () => {
  test.each([
    ['is itself, when nothing is said', 0, GREEN],
    ['is itself', 1, GREEN],
    ['is nothing, though it has no transparency', 2, CLEAR],
    ['is what was there before', 3, RED],
  ])('%s (disposal %i)', (_, disposal, left) => {
    expect(colorsAt(overlaid(disposal), 6, 6)).toEqual([RED, GREEN, left])
    expect(colorsAt(overlaid(disposal), 12, 6)).toEqual([RED, RED, RED])
    // An index that no pixel has.
    expect(colorsAt(overlaid(disposal, 3), 6, 6)).toEqual([RED, GREEN, left])
  })

  test('shows as transparent in the rendition', async () => {
    const gif = gifFile(SIZE, [
      { ...SIZE, index: 0, disposal: 2 },
      { width: 5, height: 5, index: 1, disposal: 2 },
    ])

    const { body } = await moving(gif)

    const second = await sharp(body, { page: 1 }).ensureAlpha().raw().toBuffer()
    expect(second[(9 * SIZE.width + 19) * 4 + 3]).toBe(0)
    expect(second[3]).toBe(255)
  })
})

describe('the canvas', () => {
  test.each([
    { width: 3000, height: 2100 },
    { width: 800, height: 600 },
    { width: 640, height: 480 },
  ])('of %o is as large as the file says, however small its frames', async (screen) => {
    const gif = gifFile(screen, [
      { left: 10, top: 20, width: 4, height: 4, index: 0 },
      { left: 90, top: 20, width: 4, height: 4, index: 1 },
    ])

    const { facts } = await makeRenditions(gif, wish({ presets: ['full'] }), { maxPixels: 1e8 })

    expect(facts).toMatchObject(screen)
    expect(colorsAt(gif, 91, 21)).toEqual([CLEAR, GREEN])
  })

  test('grows with the first frame, and cuts off what stands out of others', () => {
    const grown = gifFile({ width: 0, height: 0 }, [{ ...SIZE, index: 0 }])
    expect(readGif(grown)).toMatchObject(SIZE)

    const cut = gifFile(SIZE, [
      { ...SIZE, index: 0 },
      { left: 15, top: 5, width: 300, height: 300, index: 1 },
      { left: 400, top: 400, width: 3, height: 3, index: 1 },
    ])
    expect(readGif(cut)).toMatchObject(SIZE)
    expect(colorsAt(cut, 19, 9)).toEqual([RED, GREEN, GREEN])
  })
})

describe('how often it moves', () => {
  const frames = [0, 1].map((index) => ({ ...SIZE, index }))

  test.each([
    [undefined, 1],
    [0, 0],
    [1, 2],
    [65_534, 65_535],
    [65_535, 65_535],
  ])('repeated %s times', async (repeated, loop) => {
    expect((await moving(gifFile(SIZE, frames, repeated))).metadata.loop).toBe(loop)
  })
})

test('frames shown for minutes are shown as long as WebP may have it', async () => {
  const gif = gifFile(
    SIZE,
    [0, 1].map((index) => ({ ...SIZE, index, delay: 600_000 })),
  )

  expect((await moving(gif)).metadata.delay).toEqual([65_535, 65_535])
})

describe('what a moving picture may cost', () => {
  test('is bounded: what is long moves in a smaller picture', async () => {
    const size = { width: 800, height: 400 }
    const long = gifFile(
      size,
      Array.from({ length: 100 }, (_, i) => ({ left: 4 * i, width: 4, height: 4, index: i % 2 })),
    )

    const { width, height, metadata } = await moving(long)

    expect(metadata.pages).toBe(100)
    expect(width * height * 100).toBeLessThanOrEqual(20_000_000)
    expect(width / height).toBeCloseTo(2, 1)
    expect(metadata).toMatchObject({ width, height })
  })

  test('counts frames that stand out of the canvas by what must be decoded', async () => {
    const gif = gifFile(SIZE, [
      { ...SIZE, index: 0 },
      { width: 60_000, height: 1, index: 1 },
    ])
    const bomb = Buffer.from(gif)
    bomb.writeUInt16LE(60_000, bomb.lastIndexOf(Buffer.from([0x60, 0xea, 1, 0])) + 2)

    await expect(moving(bomb)).rejects.toThrow(TooManyPixelsError)
  })
})

describe('a GIF that is damaged', () => {
  test('cut anywhere is corrupt, but for its last byte, which says nothing', async () => {
    const frame = await sharp(await noisyJpeg(SIZE))
      .png()
      .toBuffer()
    const gif = await sharp([frame, await sharp(frame).negate().png().toBuffer()], {
      join: { animated: true },
    })
      .gif()
      .toBuffer()
    const { pages } = (await moving(gif)).metadata
    expect((await moving(gif.subarray(0, -1))).metadata.pages).toBe(pages)

    const secondFrame = gif.lastIndexOf(Buffer.from([0x21, 0xf9, 4]))
    for (let length = 6; length < gif.length - 1; length += 11) {
      // Exactly between two frames nothing tells that there were more.
      if (length === secondFrame) continue
      await expect(moving(gif.subarray(0, length))).rejects.toThrow(CorruptPhotoError)
    }
  })

  test('in any byte is drawn or refused, and never takes more than its pixels', async () => {
    const gif = overlaid(3, 3)
    await fc.assert(
      fc.asyncProperty(fc.nat(gif.length - 1), fc.nat(255), async (at, value) => {
        const damaged = Buffer.from(gif)
        damaged[at] = value
        const shown = await moving(damaged, 1e6).catch((error: unknown) => error)
        if (shown instanceof Error) expect(['CorruptPhotoError', 'TooManyPixelsError']).toContain(shown.name)
      }),
      { numRuns: 150 },
    )
  })
})
