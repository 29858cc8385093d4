/** CloudFront's base64 for URLs and cookies: `+`, `=`, `/` become `-`, `_`, `~`. It is not base64url. */
export function encodeCloudFrontBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~')
}

/** The bytes, or null for text that is empty or that nothing is encoded as. */
export function decodeCloudFrontBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64')
  // Node skips what it can't read, so only going back to the same text tells that it read all.
  return bytes.length > 0 && encodeCloudFrontBase64(bytes) === text ? bytes : null
}
