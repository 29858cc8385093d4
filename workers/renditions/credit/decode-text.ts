const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Text that does not say in what it is written: UTF-16 if it begins with its mark or looks like it, else UTF-8 if it
 * can be, else Latin 1.
 */
export function decodeText(bytes: Buffer): string {
  const wide = wideEncoding(bytes)
  if (wide) return new TextDecoder(wide).decode(bytes)
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}

/** Without a mark: where every second byte of the beginning is zero, as that of Latin letters is. */
function wideEncoding(bytes: Buffer): 'utf-16le' | 'utf-16be' | null {
  const [a = 1, b = 1, c = 1, d = 1] = bytes
  if ((a === 0xff && b === 0xfe) || (a && !b && c && !d)) return 'utf-16le'
  if ((a === 0xfe && b === 0xff) || (!a && b && !c && d)) return 'utf-16be'
  return null
}
