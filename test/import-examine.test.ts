import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { EngineUnavailableError } from '../src/errors.ts'
import { examine, toldFailure } from '../src/import/examine.ts'
import type { SourceFile } from '../src/import/line.ts'
import { fixture } from './support/pictures.ts'

function fileOf(bytes: Buffer, { path = 'a.jpg', pieceBytes = 65_536 } = {}): SourceFile {
  const pieces = function* () {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  return {
    path,
    size: bytes.length,
    modifiedAt: null,
    crc32: null,
    locate: null,
    open: () => Readable.from(pieces()),
  }
}

/** `photo` when all bytes came through, or what its line is told. */
async function outcomeOf(file: SourceFile): Promise<string> {
  try {
    const { body } = await examine(file, null)
    expect((await buffer(Readable.from(body))).length).toBe(file.size)
    return 'photo'
  } catch (error) {
    const { kind, code } = toldFailure(file, error)
    return `${kind}: ${code}`
  }
}

describe('a file is a photo', () => {
  test.each(['sample.jpg', 'gps.jpg', 'photo.heic', 'alpha.png', 'animated.gif', 'photo.tif'])(
    'if its bytes are one, in whatever pieces they come: %s',
    async (name) => {
      for (const pieceBytes of [1, 1400, 65_536]) {
        expect(await outcomeOf(fileOf(await fixture(name), { path: 'x', pieceBytes }))).toBe('photo')
      }
    },
  )

  test('with a preview in its tables and a movie behind it', async () => {
    const preview = await fixture('grey.jpg')
    const table = Buffer.concat([Buffer.from([0xff, 0xe9, 0, 0]), preview.subarray(0, 60_000)])
    table.writeUInt16BE(table.length - 2, 2)
    const plain = await fixture('plain.jpg')
    const motion = Buffer.concat([plain.subarray(0, 2), table, plain.subarray(2), Buffer.from('ftypmp42')])

    expect(await outcomeOf(fileOf(motion))).toBe('photo')
    // The end of the preview is not that of the picture.
    expect(await outcomeOf(fileOf(motion.subarray(0, table.length + 300)))).toBe('refused: corrupt_photo')
  })
})

describe('a file is no photo', () => {
  test('of a JPEG that is cut off anywhere', async () => {
    const photo = await fixture('plain.jpg')
    for (let length = 4; length < photo.length; length += Math.ceil(length / 7)) {
      const pieceBytes = 1 + (length % 97)
      expect(await outcomeOf(fileOf(photo.subarray(0, length), { pieceBytes }))).toBe(
        'refused: corrupt_photo',
      )
    }
    expect(await outcomeOf(fileOf(photo.subarray(0, -1)))).toBe('refused: corrupt_photo')
  })

  test.each<[string, string, Buffer | string, string]>([
    ['empty', 'a.jpg', '', 'refused: empty_file'],
    ['a page', 'a.jpg', '<!doctype html><title>Sign in</title>', 'refused: unsupported_format'],
    ['a page', 'index.html', '<!doctype html><title>Index</title>', 'skipped: not_a_photo'],
    ['a movie', 'a', '\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'skipped: video'],
    ['a movie', 'a.jpg', '\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'skipped: video'],
    [
      'of a format that we do not know',
      'a',
      'BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0',
      'refused: unsupported_format',
    ],
  ])('when it is %s, as %s', async (_, path, bytes, told) => {
    expect(await outcomeOf(fileOf(Buffer.from(bytes as string, 'latin1'), { path }))).toBe(told)
  })

  test('and an engine that is unavailable is not its fault', () => {
    expect(() => toldFailure(fileOf(Buffer.alloc(0)), new EngineUnavailableError('away'))).toThrow('away')
  })
})

describe('a photo tells when it was taken', () => {
  const photo = async (exif: Record<string, string>) =>
    await sharp({ create: { width: 8, height: 8, channels: 3, background: '#888' } })
      .withExif({ IFD2: exif })
      .jpeg()
      .toBuffer()
  const taken = async (bytes: Buffer, offset: string | null = null) =>
    (await examine(fileOf(bytes), offset)).takenAt()

  test('with its zone, or without one as UTC or as it is told', async () => {
    const zoned = await photo({ DateTimeOriginal: '2019:07:05 21:30:00', OffsetTimeOriginal: '+09:00' })
    const local = await photo({ DateTimeOriginal: '2019:07:05 21:30:00' })

    expect(await taken(zoned, '-01:00')).toEqual(new Date('2019-07-05T12:30:00Z'))
    expect(await taken(local)).toEqual(new Date('2019-07-05T21:30:00Z'))
    expect(await taken(local, '-01:30')).toEqual(new Date('2019-07-05T23:00:00Z'))
  })

  test.each(['0000:00:00 00:00:00', '2019:02:30 10:00:00', '    :  :     :  :  ', 'yesterday'])(
    'not by "%s", which is no time',
    async (written) => {
      expect(await taken(await photo({ DateTimeOriginal: written }))).toBeNull()
    },
  )

  test('in AVIF, WebP and PNG too', async () => {
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: '#888' } })
    const exif = { IFD2: { DateTimeOriginal: '2019:07:05 21:30:00' } }
    for (const format of ['avif', 'webp', 'png'] as const) {
      const bytes = await picture.clone().withExif(exif).toFormat(format).toBuffer()
      expect(await taken(bytes), format).toEqual(new Date('2019-07-05T21:30:00Z'))
    }
  })

  test('not at all without EXIF', async () => {
    expect(await taken(await fixture('plain.jpg'))).toBeNull()
    expect(await taken(await fixture('animated.gif'))).toBeNull()
  })
})
