import { expect, test } from 'vitest'
import { UnsupportedFormatError } from '../src/errors.ts'
import { SNIFF_BYTES, sniff } from '../src/ingest/sniff.ts'
import { fixture } from './support/pictures.ts'

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
  const head = (await fixture(name)).subarray(0, SNIFF_BYTES)

  expect(await sniff(head)).toBe(format)
})

test.each(['text.jpg', 'drawing.svg'])('%s is refused', async (name) => {
  await expect(sniff(await fixture(name))).rejects.toThrow(UnsupportedFormatError)
})
