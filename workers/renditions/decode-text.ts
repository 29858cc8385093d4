const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Text of a camera that does not say in what it is written: UTF-8 if it can be, else Latin 1. */
export function decodeText(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
