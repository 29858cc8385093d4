import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { box, codedOf, itemsFile, pictureItem, text, u32 } from '../fixtures/heif-file.ts'
import { CorruptPhotoError, UnsupportedPhotoError } from '../src/errors.ts'
import { decode } from '../workers/renditions/decode.ts'
import { compileLibheif } from '../workers/renditions/heic/libheif.ts'
import type { TileWork } from '../workers/renditions/heic/tile-thread.ts'
import type { Pixels } from '../workers/renditions/pixels.ts'
import { readHeader } from '../workers/renditions/read-header.ts'
import { fixture } from './support/pictures.ts'

const [WIDTH, HEIGHT] = [160, 120]
const heic = codedOf(await fixture('photo.heic'))
const avif = codedOf(await fixture('photo.avif'))

async function decoded(file: Buffer): Promise<Pixels> {
  const photo = await readHeader(file, 1e6)
  return await decode(photo, photo, 1e6)
}

/** Width, height, and how far the middle of what is left lies right of and below the picture's. */
function clap(width: number, height: number, right: number, down: number): Buffer {
  return box('clap', ...[width, height, right, down].flatMap((value) => [u32(value >>> 0), u32(1)]))
}

function withBrand(file: Buffer, brand: string): Buffer {
  const changed = Buffer.from(file)
  changed.write(brand, 8, 'latin1')
  return changed
}

function png({ data, width, height, channels }: Pixels) {
  return sharp(data, { raw: { width, height, channels } })
}

describe('a HEIC photo that is cropped', () => {
  type Transform = { property: Buffer; apply: (picture: Sharp) => Sharp }
  const turn = (quarters: number): Transform => ({
    property: box('irot', [quarters]),
    apply: (picture) => picture.rotate(360 - 90 * quarters),
  })
  const leftToRight: Transform = { property: box('imir', [1]), apply: (picture) => picture.flop() }
  const topToBottom: Transform = { property: box('imir', [0]), apply: (picture) => picture.flip() }

  test.each<[string, Transform[]]>([
    ['upright', []],
    ['turned once', [turn(1)]],
    ['turned twice', [turn(2)]],
    ['turned thrice', [turn(3)]],
    ['mirrored', [leftToRight]],
    ['mirrored top to bottom', [topToBottom]],
    ['turned and mirrored', [turn(3), leftToRight]],
  ])('to any part, %s, shows that part', async (_, transforms) => {
    const stored = png(await decoded(itemsFile('heic', [pictureItem(heic, [WIDTH, HEIGHT])])))
    for (const [width, height, right, down] of [
      [40, 30, -60, -45],
      [120, 120, 0, 0],
      [30, 100, 65, 10],
      [158, 118, 1, 1],
    ] as const) {
      const properties = [clap(width, height, right, down), ...transforms.map(({ property }) => property)]

      const shown = await decoded(itemsFile('heic', [pictureItem(heic, [WIDTH, HEIGHT], ...properties)]))

      const [left, top] = [right + (WIDTH - width) / 2, down + (HEIGHT - height) / 2]
      let part = await stored.clone().extract({ left, top, width, height }).png().toBuffer()
      for (const { apply } of transforms) part = await apply(sharp(part)).png().toBuffer()
      const { data, info } = await sharp(part).raw().toBuffer({ resolveWithObject: true })
      expect([shown.width, shown.height]).toEqual([info.width, info.height])
      const distance = data.reduce((sum, value, i) => sum + Math.abs(value - (shown.data[i] as number)), 0)
      expect(distance / data.length).toBeLessThan(2)
    }
  })

  test('to what lies outside of it is corrupt', async () => {
    const file = itemsFile('heic', [pictureItem(heic, [WIDTH, HEIGHT], clap(100, 100, 100, 0))])

    await expect(decoded(file)).rejects.toThrow(CorruptPhotoError)
  })
})

describe('a HEIF file', () => {
  test.each(['heix', 'heim', 'heis', 'hevx', 'hevm', 'mif1', 'mif2', 'miaf', 'MiHA', 'MiHB', 'MiHE', 'MiPr'])(
    'of the brand %s is the picture in it',
    async (brand) => {
      const picture = await decoded(await fixture('photo.heic'))

      expect(await decoded(withBrand(await fixture('photo.heic'), brand))).toEqual(picture)
    },
  )

  test.each(['avis', 'mif1', 'msf1', 'MA1A', 'MA1B'])('of AVIF and the brand %s too', async (brand) => {
    const picture = await decoded(await fixture('photo.avif'))

    expect(await decoded(withBrand(await fixture('photo.avif'), brand))).toEqual(picture)
  })

  test('that moves is the picture that stands for it', async () => {
    const still = itemsFile('avif', [pictureItem(avif, [WIDTH, HEIGHT])])
    // A film beside it, of which nothing is needed.
    const moving = Buffer.concat([withBrand(still, 'avis'), box('moov', box('mvhd', Buffer.alloc(100)))])

    const { width, height } = await decoded(moving)

    expect({ width, height }).toEqual({ width: WIDTH, height: HEIGHT })
  })

  test.each(['avis', 'avif', 'msf1', 'hevc', 'heic'])(
    'of the brand %s with nothing but a film is said to be one',
    async (brand) => {
      const film = Buffer.concat([
        box('ftyp', text(brand), u32(0), text('iso8')),
        box('moov', box('mvhd', Buffer.alloc(100))),
        box('mdat', [1, 2, 3]),
      ])

      const failure = await readHeader(film, 1e6).catch((error: unknown) => error)

      expect(failure).toBeInstanceOf(UnsupportedPhotoError)
      expect((failure as Error).message).toContain('The picture is a film')
    },
  )

  test('in another coding is not called damaged', async () => {
    const item = { ...pictureItem(heic, [WIDTH, HEIGHT]), type: 'avc1' }

    const failure = await readHeader(itemsFile('heic', [item]), 1e6).catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(UnsupportedPhotoError)
    expect((failure as Error).message).toContain('a HEIF file coded as "avc1"')
  })
})

test('a thread that has decoded a HEIC photo gives the memory of it back while it waits for the next', async () => {
  const thread = new Worker(new URL('../workers/renditions/heic/tile-thread.ts', import.meta.url))
  const photo = await fixture('photo.heic')
  const bytes = new Uint8Array(new SharedArrayBuffer(photo.length))
  bytes.set(photo)
  const work: TileWork = {
    modules: compileLibheif(),
    bytes,
    maxPixels: 1e6,
    item: null,
    thread: 0,
    threads: 1,
  }
  // A decoder begins with 16 MiB.
  const heldMiB = async () => (await thread.getHeapStatistics()).external_memory / 2 ** 20
  await once(thread, 'online')
  const before = await heldMiB()
  try {
    thread.postMessage(work)
    while ((await once(thread, 'message'))[0] !== null);

    await expect.poll(heldMiB, { timeout: 5_000 }).toBeLessThan(before + 16)
  } finally {
    await thread.terminate()
  }
})
