import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { UnsupportedFormatError } from '../src/errors.ts'
import { peek } from '../src/ingest/byte-stream.ts'
import { SNIFF_BYTES, sniff } from '../src/ingest/sniff.ts'
import { fixture } from './support/pictures.ts'

/** What ingest looks at of a stream that comes in pieces of that size. */
async function sniffPieces(file: Buffer, pieceBytes: number) {
  async function* pieces() {
    for (let at = 0; at < file.length; at += pieceBytes) yield file.subarray(at, at + pieceBytes)
  }
  const { head, body } = await peek(pieces(), SNIFF_BYTES)
  expect(Buffer.concat(await Array.fromAsync(body))).toEqual(file)
  return await sniff(head)
}

/** The first box of a HEIF file: the brand it is of, a version, and those it can be read as. */
function brands(major: string, ...compatible: string[]): Buffer {
  const box = Buffer.from(`\0\0\0\0ftyp${major}\0\0\0\0${compatible.join('')}`, 'latin1')
  box.writeUInt32BE(box.length)
  return Buffer.concat([box, Buffer.from('\0\0\0\x20meta', 'latin1')])
}

test.each([
  ['plain.jpg', 'jpeg'],
  ['alpha.png', 'png'],
  ['photo.webp', 'webp'],
  ['photo.avif', 'avif'],
  ['phone-6.heic', 'heic'],
  ['10-bit.heic', 'heic'],
  ['animated.gif', 'gif'],
  ['photo.tif', 'tiff'],
])('the first bytes of %s tell that it is %s; nobody asks for its name', async (name, format) => {
  for (const pieceBytes of [1, 1400, 65_536]) {
    expect(await sniffPieces(await fixture(name), pieceBytes)).toBe(format)
  }
})

test.each(['text.jpg', 'drawing.svg'])('%s is refused', async (name) => {
  await expect(sniff(await fixture(name))).rejects.toThrow(UnsupportedFormatError)
})

describe('a TIFF', () => {
  test('is told however it is cut, also when its directory lies behind all its pixels', async () => {
    const tiff = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#b45a3c' } })
      .tiff({ compression: 'none' })
      .toBuffer()
    expect(tiff.readUInt32LE(4)).toBeGreaterThan(2 * SNIFF_BYTES)

    for (const pieceBytes of [1, 1400, 4096, 65_536]) expect(await sniffPieces(tiff, pieceBytes)).toBe('tiff')
  })

  test.each([
    ['big-endian', 'MM\0*\0\0\0\x08'],
    ['for large files', 'II+\0\x08\0\0\0'],
    ['for large files, big-endian', 'MM\0+\0\x08\0\0'],
    // Exif's PrintIM, which Sony's raw photos have too: one directory of it alone
    ['with words for a printer', 'II*\0\x08\0\0\0\x01\0\xa5\xc4\x07\0\x01\0\0\0\0\0\0\0\0\0\0\0'],
    // a count of 28 tags, the first of which says that the picture is whole: file-type takes it for Nikon's raw
    ['with 28 tags', 'II*\0\x08\0\0\0\x1c\0\xfe\0\x04\0\x01\0\0\0\0\0\0\0'],
  ])('%s is one', async (_, start) => {
    expect(await sniff(Buffer.from(start, 'latin1'))).toBe('tiff')
  })

  test('is not what Canon calls a raw photo', async () => {
    const raw = Buffer.from('II*\0\x10\0\0\0CR\x02\0'.padEnd(64, '\0'), 'latin1')

    await expect(sniff(raw)).rejects.toThrow('The file is image/x-canon-cr2.')
  })
})

describe('the brands of HEIF', () => {
  test.each(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'MiHA', 'MiHB', 'MiHE'])(
    '%s is HEIC, alone, first or behind a general one',
    async (brand) => {
      expect(await sniff(brands(brand))).toBe('heic')
      expect(await sniff(brands(brand, 'mif1', 'miaf'))).toBe('heic')
      expect(await sniff(brands('mif1', 'miaf', brand))).toBe('heic')
    },
  )

  test.each(['avif', 'avis', 'MA1A', 'MA1B'])('%s is AVIF, wherever it stands', async (brand) => {
    expect(await sniff(brands(brand, 'mif1'))).toBe('avif')
    expect(await sniff(brands('mif1', 'miaf', brand))).toBe('avif')
    expect(await sniff(brands('msf1', 'iso8', brand))).toBe('avif')
  })

  test('that leave the coding open are taken for HEIC', async () => {
    expect(await sniff(brands('mif1'))).toBe('heic')
    expect(await sniff(brands('mif2', 'miaf'))).toBe('heic')
  })

  test('of films and raw photos are refused', async () => {
    for (const file of [
      brands('isom', 'iso2', 'avc1', 'mp41'),
      brands('qt  '),
      brands('crx ', 'crx ', 'isom'),
    ]) {
      await expect(sniff(file)).rejects.toThrow(UnsupportedFormatError)
    }
  })

  test('end where their box ends, and may be damaged', async () => {
    const film = brands('isom')
    await expect(sniff(Buffer.concat([film, Buffer.from('avif')]))).rejects.toThrow(UnsupportedFormatError)
    for (let length = 4; length < 24; length++) {
      const cut = brands('isom', 'iso2', 'mp41').subarray(0, length)
      await expect(sniff(cut)).rejects.toThrow(UnsupportedFormatError)
    }
  })
})
