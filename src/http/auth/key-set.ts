import type { JSONWebKeySet } from 'jose'
import { EngineUnavailableError } from '../../errors.ts'

export type KeySet = JSONWebKeySet

const ANSWER_MS = 5_000
/** Some hundred keys. */
const MAX_BYTES = 500_000

/**
 * The keys published at a JWKS URL (RFC 7517), at least one of which can have signed a token. Throws
 * EngineUnavailableError, whose cause says what came instead.
 */
export async function requestKeySet(url: string): Promise<KeySet> {
  try {
    const reply = await fetch(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    return parseKeySet(await read(reply))
  } catch (error) {
    // fetch says only that it failed, and has the reason as its cause.
    const cause = error instanceof TypeError && error.cause ? error.cause : error
    throw new EngineUnavailableError('The keys that tokens are checked with are unavailable.', { cause })
  }
}

async function read({ ok, status, body }: Response): Promise<string> {
  if (!ok) {
    await body?.cancel()
    throw new Error(`It answers ${status}.`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`Its answer is larger than ${MAX_BYTES} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseKeySet(text: string): KeySet {
  const set: unknown = JSON.parse(text)
  if (isKeySet(set) && set.keys.some(({ kty }) => kty === 'RSA' || kty === 'EC')) return set
  throw new Error('Its answer has no "keys" for RS256 or ES256.')
}

function isKeySet(value: unknown): value is KeySet {
  const keys = (value as { keys?: unknown } | null)?.keys
  return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)
}
