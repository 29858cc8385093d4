import {
  AdoptedOriginalError,
  CorruptPhotoError,
  type DarkroomError,
  EmptyFileError,
  PhotoTooLargeError,
  TooManyPixelsError,
  UnsupportedFormatError,
  UnsupportedPhotoError,
} from '../errors.ts'
import type { Failure } from './photo.ts'

const BLAMED = [
  CorruptPhotoError,
  TooManyPixelsError,
  UnsupportedPhotoError,
  // What was adopted is looked at no sooner.
  AdoptedOriginalError,
  EmptyFileError,
  PhotoTooLargeError,
  UnsupportedFormatError,
]

/** What an app may tell its user of the error a photo failed with. Only what the picture itself or its original is to blame for is named. */
export function failureOf(error: unknown): Failure {
  const blamed = BLAMED.some((kind) => error instanceof kind)
  if (blamed) return { code: (error as DarkroomError).code, message: (error as DarkroomError).message }
  return { code: 'processing_failed', message: 'The photo could not be processed.' }
}
