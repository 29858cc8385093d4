const HIGH_BYTE = /[\u0080-\u00ff]/
const NOT_A_BYTE = /[\u0100-\uffff]/
/** The most bytes that a character in UTF-8 lacks when it is cut. */
const MOST_LACKING = 3

/**
 * A text as its author wrote it. Instagram and Facebook write each byte of its UTF-8 as a character of its own; a text
 * that can't have come about this way is left as it is. One that they cut within a character loses what is left of it.
 *
 * @NOTE To be undone in each text after the file was parsed: in the file as a whole, escapes that people wrote look alike.
 */
export function mendText(text: string): string {
  if (!HIGH_BYTE.test(text) || NOT_A_BYTE.test(text)) return text
  const bytes = Buffer.from(text, 'latin1')
  for (let lacking = 0; lacking <= MOST_LACKING; lacking++) {
    const end = bytes.length - lacking
    if (lacking > 0 && !isUnfinished(bytes.subarray(end))) continue
    const mended = decode(bytes.subarray(0, end))
    if (mended !== null) return mended
  }
  return text
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** A character's first byte, and fewer of the others than it says. */
function isUnfinished(bytes: Buffer): boolean {
  const [first = 0, ...others] = bytes
  const length = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0
  return first < 0xf5 && bytes.length < length && others.every((byte) => byte >= 0x80 && byte < 0xc0)
}
