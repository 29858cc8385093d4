import ExifReader from 'exifreader'
import { parseWrittenTime } from './written-time.ts'

/** In so many bytes from the beginning, cameras have written it. */
export const EXIF_BYTES = 256 * 1024

/**
 * When a photo was taken, by the EXIF at its beginning; null when that does not tell. A time without a zone is in
 * `offset`, such as `+02:00`, or UTC.
 */
export function exifTime(head: Buffer, offset: string | null): Date | null {
  const tags = tagsOf(head)
  return (
    timeOf(tags.DateTimeOriginal, tags.OffsetTimeOriginal, offset) ??
    timeOf(tags.DateTimeDigitized, tags.OffsetTimeDigitized, offset)
  )
}

type Tag = { value?: unknown; description?: string } | undefined

function tagsOf(head: Buffer): Record<string, Tag> {
  try {
    return ExifReader.load(head, { includeTags: { exif: true }, excludeTags: { exif: ['MakerNote'] } })
  } catch {
    // It has none, or one that is damaged.
    return {}
  }
}

function timeOf(time: Tag, zone: Tag, offset: string | null): Date | null {
  const written = textOf(time)
  if (written === null || written.startsWith('0000')) return null
  return parseWrittenTime(`${written}${/^[+-]\d\d:\d\d$/.exec(textOf(zone) ?? '')?.[0] ?? ''}`, offset)
}

function textOf(tag: Tag): string | null {
  const value = Array.isArray(tag?.value) ? tag.value[0] : tag?.value
  return typeof value === 'string' ? value.replace(/\0.*$/s, '').trim() : null
}
