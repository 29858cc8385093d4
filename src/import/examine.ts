import { DarkroomError, UnsupportedFormatError } from '../errors.ts'
import { peek } from '../ingest/byte-stream.ts'
import { SNIFF_BYTES, sniff } from '../ingest/sniff.ts'
import { EXIF_BYTES, exifTime } from './exif-time.ts'
import { missing, refused, type SourceFile, skipped, type ToldLine } from './line.ts'
import { UnreadableFileError } from './unreadable-file.ts'
import { wholeJpeg } from './whole-jpeg.ts'

/** Names that people give to photos. What has one and is none was promised to be a photo. */
const PHOTO_NAME =
  /\.(?:jpe?g?|jfif|png|gif|webp|avif|hei[cf]s?|tiff?|bmp|jxl|jp2|psd|dng|cr[23]|nef|arw|orf|rw2|raf)$/i

const MOVIE_NAME = /\.(?:mp4|m4v|mov|avi|mkv|webm|3gp|mts|m2ts|mpe?g|wmv|mp)$/i
const ANY_EXTENSION = /\.[a-z][a-z0-9]{1,4}$/i

/** What a name alone says of a file that is not read: why it is no photo; null when it may be one. */
export function namesNoPhoto(path: string): ToldLine | null {
  if (MOVIE_NAME.test(path)) return skipped(path, 'video', 'By its name it is a movie.')
  if (!PHOTO_NAME.test(path) && ANY_EXTENSION.test(path))
    return skipped(path, 'not_a_photo', 'By its name it is no photo.')
  return null
}

export type Examined = {
  /** When it was taken, by itself; to be asked where nothing else tells. */
  takenAt(): Date | null
  /** All of its bytes, once. Throws UnreadableFileError, and CorruptPhotoError for a JPEG that is cut off. */
  body: AsyncIterable<Buffer>
}

/**
 * Looks at the beginning of a file. Throws EmptyFileError, UnsupportedFormatError and UnreadableFileError. The file is
 * open until its body ends or is let go of.
 */
export async function examine(file: SourceFile, exifOffset: string | null): Promise<Examined> {
  const { head, body } = await peek(file.open(), EXIF_BYTES)
  try {
    const format = await sniff(head.subarray(0, SNIFF_BYTES))
    return { takenAt: () => exifTime(head, exifOffset), body: format === 'jpeg' ? wholeJpeg(body) : body }
  } catch (error) {
    await body.return(undefined)
    throw error
  }
}

/** What a failure to take in a file means for its line. Throws what is not to blame on the file. */
export function toldFailure({ path }: SourceFile, error: unknown): ToldLine {
  if (error instanceof UnreadableFileError) {
    const { code, message } = error
    return code === 'file_missing' ? missing(path, code, message) : refused(path, code, message)
  }
  if (error instanceof UnsupportedFormatError) {
    if (/^(?:video|audio)\//.test(error.found ?? '')) return skipped(path, 'video', 'It is a movie.')
    if (!PHOTO_NAME.test(path) && !error.found?.startsWith('image/'))
      return skipped(path, 'not_a_photo', 'It is no photo.')
  }
  if (error instanceof DarkroomError && !error.retryable) return refused(path, error.code, error.message)
  throw error
}
