import { CorruptPhotoError, UnsupportedPhotoError } from '../../src/errors.ts'

/** What libvips and libheif say of a sound file that they have no decoder for. */
const UNSUPPORTED: readonly [words: RegExp, kind: (found: RegExpExecArray) => string][] = [
  [/(\w+) compression support is not configured/, ([, name]) => `a TIFF with ${name} compression`],
  [/Compression scheme (\d+)[^\n]*not implemented/, ([, number]) => `a TIFF with compression ${number}`],
  [/Unsupported codec/, () => 'a HEIF file in another coding than HEVC or AV1'],
]

/**
 * Waits for sharp to read an original. What it refuses then is the picture's fault, except for want of memory:
 * sharp has no error classes, so its words must tell.
 */
export async function asCorruptPhoto<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    const words = error instanceof Error ? error.message : ''
    if (/out of memory|allocate enough memory/i.test(words)) throw error
    for (const [pattern, kind] of UNSUPPORTED) {
      const found = pattern.exec(words)
      if (found) throw new UnsupportedPhotoError(kind(found), { cause: error })
    }
    throw new CorruptPhotoError({ cause: error })
  }
}
