import { hash } from 'node:crypto'

const SEAL_BYTES = 12

/** A value with what tells whether it comes back as it was, and under its own key. */
export function seal(key: string, text: string): Buffer {
  return Buffer.concat([sealOf(key, Buffer.from(text)), Buffer.from(text)])
}

/** The text of a sealed value; null when there is none, or it is not what was sealed under that key. */
export function unseal(key: string, value: Buffer | null): string | null {
  if (value === null) return null
  const text = value.subarray(SEAL_BYTES)
  return sealOf(key, text).equals(value.subarray(0, SEAL_BYTES)) ? text.toString() : null
}

function sealOf(key: string, text: Buffer): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${key}\n`), text]), 'buffer').subarray(0, SEAL_BYTES)
}
