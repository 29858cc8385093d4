import { SetupError } from '../errors.ts'
import { signedQuery } from './signer.ts'
import type { SigningKey } from './signing-key.ts'

/** `other` is an id that the edge knows, but as that of another public key. */
export type KeyVerdict = 'taken' | 'unknown' | 'other'

/** No photo has the id 0, so nobody's rendition is asked for. */
const FOLDER = 'public/0/0-AAAAAAAAAAA/'
const LIFE_S = 3600
const TIMEOUT_MS = 10_000

/**
 * Asks an edge at the origin (scheme and authority) whether it takes what the key signs, by asking it for what is
 * not there. Throws SetupError when it does not answer, or does not refuse URLs that nobody signed.
 */
export async function probeEdge(origin: string, key: SigningKey): Promise<KeyVerdict> {
  const url = `${origin}/${FOLDER}probe-00000000.webp`
  if ((await refusalOf(url)) !== 'MissingKey') {
    throw new SetupError(
      `${origin} is no edge of ours: it does not refuse URLs under /public/ that nobody signed.`,
    )
  }
  const expires = Math.floor(Date.now() / 1000) + LIFE_S
  switch (await refusalOf(`${url}?${signedQuery({ prefix: `${origin}/${FOLDER}`, expires }, key)}`)) {
    case 'InvalidKey':
      return 'unknown'
    case null:
      return 'taken'
    default:
      return 'other'
  }
}

/** CloudFront's own reason for a 403. Null for other replies, and for S3's, which names its request. */
async function refusalOf(url: string): Promise<string | null> {
  const { status, text } = await ask(url)
  if (status !== 403 || text.includes('<RequestId>')) return null
  return /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? null
}

async function ask(url: string): Promise<{ status: number; text: string }> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return { status: reply.status, text: await reply.text() }
  } catch (error) {
    throw new SetupError(`No edge answers at ${new URL(url).origin}: correct CDN_URL.`, { cause: error })
  }
}
