import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKnown, partOf } from '../src/http/replies/conditional-get.ts'

describe('A conditional GET', () => {
  test('gives a single range the bytes it names, and all else the whole', () => {
    const size = 10
    const body = '0123456789'
    const partial = (range: string) => {
      const part = partOf({ range }, '"a"', size)
      return typeof part === 'string' ? part : body.slice(part.start, part.end + 1)
    }

    expect(partial('bytes=0-0')).toBe('0')
    expect(partial('bytes=2-4')).toBe('234')
    expect(partial('Bytes=7-')).toBe('789')
    expect(partial('bytes=7-99')).toBe('789')
    expect(partial('bytes=-3')).toBe('789')
    expect(partial('bytes=-99')).toBe(body)
    for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0'])
      expect(partial(range)).toBe('unsatisfiable')
    for (const range of ['bytes=4-2', 'bytes=-', 'bytes=a-b', 'lines=0-1', 'bytes=0-1,3-4', '']) {
      expect(partial(range)).toBe('whole')
    }
  })

  test('never leaves the body', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (size, first, last) => {
        for (const range of [`bytes=${first}-${last}`, `bytes=${first}-`, `bytes=-${last}`]) {
          const part = partOf({ range }, '"a"', size)
          if (typeof part === 'string') continue

          expect(part.start).toBeGreaterThanOrEqual(0)
          expect(part.end).toBeGreaterThanOrEqual(part.start)
          expect(part.end).toBeLessThan(size)
        }
      }),
    )
  })

  test('knows its tag in a list, weak or strong, and in a star', () => {
    const known = ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', '*', ' * '].map((tags) =>
      isKnown({ 'if-none-match': tags }, '"a"'),
    )
    const unknown = ['"b"', 'a', '"A"', '', '"'].map((tags) => isKnown({ 'if-none-match': tags }, '"a"'))

    expect(known).toEqual(Array(6).fill(true))
    expect(unknown).toEqual(Array(5).fill(false))
    expect(isKnown({}, '"a"')).toBe(false)
  })
})
