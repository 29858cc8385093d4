const { btoa } = globalThis as unknown as { btoa(bytes: string): string }
const { subtle } = (
  globalThis as unknown as {
    crypto?: { subtle?: { digest(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> } }
  }
).crypto ?? { subtle: undefined }

/** The SHA-256 in base64, or null where a page without HTTPS may not hash. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  return subtle ? base64(new Uint8Array(await subtle.digest('SHA-256', bytes))) : null
}

export function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
