import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { RENDITION_FORMAT_NAMES } from '../src/photo/rendition-formats.ts'
import { exifTexts } from '../workers/renditions/credit/exif-texts.ts'
import { iptcTexts } from '../workers/renditions/credit/iptc-texts.ts'
import { xmpTexts } from '../workers/renditions/credit/xmp-texts.ts'
import { segment, withSegments } from '../workers/renditions/jpeg/jpeg-segments.ts'
import { fixture } from './support/pictures.ts'
import { makeRenditions } from './support/renditions.ts'
import { wish } from './support/wish.ts'

const [ARTIST, COPYRIGHT] = [0x013b, 0x8298]
const SECONDS = 0x01a2b3c4
/** Everything a camera or a phone may tell of a person, each in words of its own that can be searched for. */
const PRIVATE = {
  IFD0: { Make: 'MAKE-7', Model: 'MODEL-7', Software: 'SOFTWARE-7', ImageDescription: 'DESCRIPTION-7' },
  IFD2: {
    BodySerialNumber: 'SERIAL-7',
    CameraOwnerName: 'OWNER-7',
    LensModel: 'LENS-7',
    MakerNote: 'NOTE-7',
  },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: `52/1 31/1 ${SECONDS}/1`, GPSMapDatum: 'DATUM-7' },
}
const PRIVATE_XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="52,31.7N PLACE-7">
    <dc:creator><rdf:Seq><rdf:li>Ada &amp; Co</rdf:li><rdf:li>Zo&#xEB;</rdf:li></rdf:Seq></dc:creator>
    <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ada</rdf:li><rdf:li xml:lang="de">Recht</rdf:li></rdf:Alt></dc:rights>
    <dc:subject><rdf:Bag><rdf:li>SUBJECT-7</rdf:li></rdf:Bag></dc:subject>
  </rdf:Description></rdf:RDF></x:xmpmeta>`

describe('of what a file tells besides its picture, a rendition', () => {
  test.each(['jpeg', 'webp', 'png', 'avif'] as const)(
    'of a %s keeps artist and copyright and no other word',
    async (format) => {
      const tags = { ...PRIVATE, IFD0: { ...PRIVATE.IFD0, Artist: 'Ada', Copyright: '(c) 2026 Ada' } }
      const original = await sharp(await fixture('plain.jpg'))
        .withExif(tags)
        .withXmp(PRIVATE_XMP)
        .toFormat(format)
        .toBuffer()

      for (const body of await bodiesOf(original)) {
        const { exif, xmp, icc, iptc } = await sharp(body).metadata()
        expect(exifTexts(exif as Buffer)).toEqual({ artist: 'Ada', copyright: '(c) 2026 Ada' })
        expect({ xmp, icc, iptc }).toEqual({})
        expect(body.toString('latin1')).not.toMatch(/[A-Z]{4}-7|GPSL/)
        expect(body.includes(Buffer.from(Uint32Array.of(SECONDS).buffer))).toBe(false)
      }
    },
  )

  test('of a TIFF, which has its tags in no EXIF but in itself, keeps the same', async () => {
    const original = await sharp(await fixture('plain.jpg'))
      .tiff()
      .toBuffer()

    for (const body of await bodiesOf(withTiffText(original, COPYRIGHT, '(c) 2026 Ada'))) {
      const { exif } = await sharp(body).metadata()
      expect(exifTexts(exif as Buffer)).toEqual({ artist: null, copyright: '(c) 2026 Ada' })
    }
  })

  test('keeps letters beyond ASCII, which EXIF has none of, in XMP', async () => {
    const original = await sharp(await fixture('plain.jpg'))
      .withXmp(PRIVATE_XMP)
      .jpeg()
      .toBuffer()

    for (const body of await bodiesOf(original)) {
      const { exif, xmp } = await sharp(body).metadata()
      expect(exifTexts(exif as Buffer).artist).toBe('Ada & Co; Zoe')
      expect(xmpTexts(xmp as Buffer)).toEqual({ artist: 'Ada & Co; Zoë', copyright: '© Ada' })
      expect(body.toString('latin1')).not.toMatch(/[A-Z]{4}-7|GPSL/)
    }
  })

  test('keeps words in brackets, though libvips marks its own notes with them', async () => {
    const copyright = '(c) Ada (all, rights, 3 reserved, 4 ever)'
    const original = await sharp(await fixture('plain.jpg'))
      .withExif({ IFD0: { Copyright: `${copyright} (a, ASCII, 1 components, 1 bytes)` } })
      .jpeg()
      .toBuffer()

    for (const body of await bodiesOf(original)) {
      const { exif } = await sharp(body).metadata()
      expect(exifTexts(exif as Buffer)).toEqual({ artist: null, copyright })
    }
  })

  test('of a phone says nothing at all', async () => {
    for (const name of ['gps.jpg', 'phone-6.heic']) {
      for (const body of await bodiesOf(await fixture(name))) {
        expect(body.toString('latin1')).not.toMatch(/GPSL|Fixture|Apple/)
      }
    }
  })
})

describe('letters of any script', () => {
  const NAME = 'Zoë Ünal 山田'
  const wide = (text: string) => Buffer.from(text, 'utf16le')

  test.each<[string, Buffer]>([
    ["EXIF 3.0's type for UTF-8", exifBlock([ARTIST, 129, Buffer.from(`${NAME}\0`)])],
    ["EXIF's ASCII that is UTF-8", exifBlock([ARTIST, 2, Buffer.from(`${NAME}\0`)])],
    ['UTF-16 with its mark', exifBlock([ARTIST, 2, wide(`\ufeff${NAME}\0`)])],
    ['big-endian UTF-16 with its mark', exifBlock([ARTIST, 2, wide(`\ufeff${NAME}\0`).swap16()])],
    ['UTF-16 without a mark', exifBlock([ARTIST, 2, wide(`${NAME}\0`)])],
    ["Windows' field for it", exifBlock([0x9c9d, 1, wide(`${NAME}\0`)])],
    [
      "Windows' field beside an empty one",
      exifBlock([ARTIST, 2, Buffer.from('\0')], [0x9c9d, 1, wide(NAME)]),
    ],
  ])('are read from %s', (_, block) => {
    expect(exifTexts(block)).toEqual({ artist: NAME, copyright: null })
  })

  test('are kept in a rendition', async () => {
    const plain = await fixture('plain.jpg')
    const exif = Buffer.concat([
      Buffer.from('Exif\0\0'),
      exifBlock([ARTIST, 129, Buffer.from(NAME)], [COPYRIGHT, 129, Buffer.from(`© 2026 ${NAME}`)]),
    ])
    const original = withSegments(plain, segment(0xe1, exif))

    for (const body of await bodiesOf(original)) {
      const { xmp } = await sharp(body).metadata()
      expect(xmpTexts(xmp as Buffer)).toEqual({ artist: NAME, copyright: `© 2026 ${NAME}` })
    }
  })

  test.each([
    ['UTF-16', wide(`\ufeff${PRIVATE_XMP}`)],
    ['big-endian UTF-16 without a mark', wide(PRIVATE_XMP).swap16()],
  ])('are read from XMP in %s', (_, packet) => {
    expect(xmpTexts(packet)).toEqual({ artist: 'Ada & Co; Zoë', copyright: '© Ada' })
  })
})

describe('metadata that is damaged', () => {
  test.each([0, 1, 3, 6, 7, 10, 14, 16, 20, 25])(
    'from byte %i on names nobody and breaks nothing',
    (length) => {
      const block = Buffer.concat([
        Buffer.from('MM\0*\0\0\0\x08\0\x02', 'latin1'),
        Buffer.from('013b00020000ffff7fffffff', 'hex'),
        Buffer.from('829800020000000900000020', 'hex'),
      ]).subarray(0, length)

      expect(exifTexts(block)).toEqual({ artist: null, copyright: null })
      expect(xmpTexts(Buffer.from('<dc:rights><rdf:li><rdf:li'.slice(0, length)))).toEqual({
        artist: '',
        copyright: null,
      })
      expect(iptcTexts(Buffer.from([0x1c, 2, 116, 0xff]).subarray(0, length))).toEqual({
        artist: '',
        copyright: '',
      })
    },
  )
})

test('IPTC, as photo tools wrote before XMP, names who made the photo', () => {
  const set = (dataset: number, text: Buffer) => [Buffer.from([0x1c, 2, dataset, 0, text.length]), text]
  const block = Buffer.concat([
    Buffer.from('Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x1e', 'latin1'),
    ...set(80, Buffer.from('Zo\xeb', 'latin1')),
    ...set(25, Buffer.from('keyword')),
    ...set(80, Buffer.from('Ünal')),
    ...set(116, Buffer.from('© them')),
  ])

  expect(iptcTexts(block)).toEqual({ artist: 'Zoë; Ünal', copyright: '© them' })
})

/** Little-endian, its values behind the directory. */
function exifBlock(...fields: [tag: number, type: number, value: Buffer][]): Buffer {
  const directory = Buffer.alloc(8 + 2 + 12 * fields.length + 4)
  directory.write('II*\0\x08\0\0\0', 'latin1')
  directory.writeUInt16LE(fields.length, 8)
  let end = directory.length
  for (const [i, [tag, type, value]] of fields.entries()) {
    const at = 10 + 12 * i
    directory.writeUInt16LE(tag, at)
    directory.writeUInt16LE(type, at + 2)
    directory.writeUInt32LE(value.length, at + 4)
    if (value.length <= 4) value.copy(directory, at + 8)
    else directory.writeUInt32LE(end, at + 8)
    end += value.length <= 4 ? 0 : value.length
  }
  return Buffer.concat([directory, ...fields.flatMap(([, , value]) => (value.length <= 4 ? [] : [value]))])
}

/** A TIFF file whose directory is written again at its end, with one tag more that is larger than all others. */
function withTiffText(tiff: Buffer, tag: number, words: string): Buffer {
  const start = tiff.readUInt32LE(4)
  const count = tiff.readUInt16LE(start)
  const text = Buffer.from(`${words}\0`)
  const head = Buffer.from(tiff)
  head.writeUInt32LE(tiff.length + text.length, 4)
  const directory = Buffer.alloc(2 + 12 * count + 12 + 4)
  directory.writeUInt16LE(count + 1)
  tiff.copy(directory, 2, start + 2, start + 2 + 12 * count)
  directory.writeUInt16LE(tag, 2 + 12 * count)
  directory.writeUInt16LE(2, 4 + 12 * count)
  directory.writeUInt32LE(text.length, 6 + 12 * count)
  directory.writeUInt32LE(tiff.length, 10 + 12 * count)
  return Buffer.concat([head, text, directory])
}

async function bodiesOf(original: Buffer): Promise<Buffer[]> {
  const wanted = wish({ formats: RENDITION_FORMAT_NAMES })
  const { renditions } = await makeRenditions(original, wanted, { maxPixels: 1e8 })
  return renditions.map(({ body }) => body)
}
