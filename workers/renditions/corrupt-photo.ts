import { CorruptPhotoError } from '../../src/errors.ts'

/**
 * Waits for sharp to read an original. What it refuses then is the picture's fault, except for want of memory:
 * sharp has no error classes, so its words must tell.
 */
export async function asCorruptPhoto<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof Error && /out of memory|allocate enough memory/i.test(error.message)) throw error
    throw new CorruptPhotoError({ cause: error })
  }
}
