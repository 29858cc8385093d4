import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRenditions, encodeRenditions } from '../src/catalog/photos/rendition-value.ts'
import type { Rendition } from '../src/photo/photo.ts'
import { RENDITION_FORMATS } from '../src/photo/rendition-formats.ts'

const LARGEST = 2 ** 31 - 1

const preset = fc.oneof(
  fc.constantFrom('thumb', 'small', 'medium', 'feed', 'full'),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/),
)
const rendition = fc.record(
  {
    preset,
    namedBy: preset,
    format: fc.constantFrom(...Object.keys(RENDITION_FORMATS)),
    digest: fc.stringMatching(/^[0-9a-f]{8}$/),
    width: fc.integer({ min: 1, max: LARGEST }),
    height: fc.integer({ min: 1, max: 65_535 }),
    bytes: fc.integer({ min: 0, max: LARGEST }),
  },
  { requiredKeys: ['preset', 'format', 'digest', 'width', 'height', 'bytes'] },
) as fc.Arbitrary<Rendition>
const renditions = fc.array(rendition, { maxLength: 40 })

test('a value tells of the renditions it was made of, whatever their presets are called', () => {
  fc.assert(
    fc.property(renditions, (made) => {
      expect(decodeRenditions(encodeRenditions(made))).toEqual(made)
    }),
  )
})

test('values one after the other are a value', () => {
  fc.assert(
    fc.property(renditions, renditions, (first, later) => {
      const both = Buffer.concat([encodeRenditions(first), encodeRenditions(later)])
      expect(decodeRenditions(both)).toEqual([...first, ...later])
    }),
  )
})

test('the bytes of a value are those that databases hold', () => {
  const thumb = { preset: 'thumb', width: 150, height: 150 } as const
  const value = encodeRenditions([
    { ...thumb, format: 'jpeg', digest: '0a1b2c3d', bytes: 5_000 },
    { ...thumb, format: 'webp', digest: 'ffffffff', bytes: 100 },
    { preset: 'small', namedBy: 'full', format: 'jpeg', digest: '0a1b2c3d', width: 4, height: 3, bytes: 100 },
    { preset: 'wide' as never, format: 'avif', digest: '00000001', width: 4, height: 3, bytes: 300_000 },
  ])
  expect(value.toString('hex')).toBe(
    ['01', '9601', '9601', '02', '01', '0a1b2c3d', '8827', '02', 'ffffffff', '64']
      .concat('02', '04', '03', '01', '81', '05', '0a1b2c3d', '64')
      .concat('00', '04', '77696465', '04', '03', '01', '03', '00000001', 'e0a712')
      .join(''),
  )
})
