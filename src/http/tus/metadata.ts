import { InvalidFieldError } from '../errors.ts'

const PAIR = /^([\x21-\x2b\x2d-\x7e]+)(?: ([A-Za-z0-9+/]*={0,2}))?$/

/**
 * What Upload-Metadata says: names, and their values in base64 (https://tus.io/protocols/resumable-upload#upload-metadata).
 * Throws InvalidFieldError.
 */
export function parseMetadata(header: string): Map<string, string> {
  const found = new Map<string, string>()
  if (header === '') return found
  for (const pair of header.split(',')) {
    const [, name, value = ''] = PAIR.exec(pair.trim()) ?? []
    if (name === undefined || found.has(name))
      throw new InvalidFieldError(
        'Upload-Metadata must be names, each with its value in base64 after a space, separated by commas, and each once.',
      )
    found.set(name, textOf(name, value))
  }
  return found
}

function textOf(name: string, base64: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'))
  } catch {
    throw new InvalidFieldError(`"${name.slice(0, 40)}" of Upload-Metadata is not UTF-8 in base64.`)
  }
}
