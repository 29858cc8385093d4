import type { Words } from '../words/en.ts'

export type Problem = { code: string; message: string }

/** Those for which the same bytes once more would be refused once more. */
const HOPELESS: ReadonlySet<string> = new Set([
  'body_too_large',
  'corrupt_photo',
  'empty_file',
  'file_changed',
  'filter_not_found',
  'invalid_field',
  'photo_deleted',
  'photo_too_large',
  'too_many_pixels',
  'unsupported_format',
  'unsupported_photo',
])

/** What it is called, and what to do: in our words where we have some for its code, else in the server's own. */
export function problemWords(
  { code, message }: Problem,
  { problems }: Words['develop'],
): { title: string; what: string } {
  const known = Object.hasOwn(problems, code) ? problems[code as keyof typeof problems] : null
  return known ?? { title: problems.other.title, what: message || problems.other.what }
}

export function mayHelpToRetry({ code }: Problem): boolean {
  return !HOPELESS.has(code)
}
