const { btoa } = globalThis as unknown as { btoa(bytes: string): string }
const { subtle } = (
  globalThis as unknown as {
    crypto?: { subtle?: { digest(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> } }
  }
).crypto ?? { subtle: undefined }

/** `Content-Digest` of a body (RFC 9530), or null where a page without HTTPS may not hash. */
export async function contentDigest(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  if (!subtle) return null
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes))
  return `sha-256=:${btoa(String.fromCharCode(...digest))}:`
}
