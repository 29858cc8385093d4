import fc from 'fast-check'
import { expect, test } from 'vitest'
import { photoIdOf } from '../../console/src/photo/photo-id.ts'
import { type PhotoId, shortcodeOf } from '../../src/photo/photo-id.ts'

test('a photo is found by its id and by its shortcode, and by nothing else', () => {
  const ids = fc.bigInt({ min: 100_000_000_000n, max: 9_219_999_999_999_999_999n }).map(String)
  fc.assert(
    fc.property(ids, (id) => {
      expect(photoIdOf(id)).toBe(id)
      expect(photoIdOf(shortcodeOf(id as PhotoId))).toBe(id)
    }),
  )
  for (const word of ['', 'abc', '0123456789012', 'Cp1mTD2V7Ad', 'https://a', `${'9'.repeat(20)}`])
    expect(photoIdOf(word)).toBeNull()
})
