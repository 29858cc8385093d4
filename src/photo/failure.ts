import { CorruptPhotoError, TooManyPixelsError } from '../errors.ts'
import type { Failure } from './photo.ts'

/** What an app may tell its user of the error a photo failed with. Only what the picture itself is to blame for is named. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CorruptPhotoError || error instanceof TooManyPixelsError) {
    return { code: error.code, message: error.message }
  }
  return { code: 'processing_failed', message: 'The photo could not be processed.' }
}
