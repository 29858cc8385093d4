const ID = /^[1-9]\d{11,18}$/
/** Base64url of 64 bits, of which the first is 0, as are the two that the last character has left over. */
const SHORTCODE = /^[A-Za-f][\w-]{9}[AEIMQUYcgkosw048]$/
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A photo's id in digits, of that or of its shortcode; null of what is neither. */
export function photoIdOf(word: string): string | null {
  if (ID.test(word)) return word
  if (!SHORTCODE.test(word)) return null
  let bits = 0n
  for (const character of word) bits = (bits << 6n) | BigInt(DIGITS.indexOf(character))
  return String(bits >> 2n)
}
