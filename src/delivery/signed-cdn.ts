import { LRUCache } from 'lru-cache'
import { renditionsPrefix } from '../photo/object-keys.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { Cdn, Delivery } from './cdn.ts'
import { type ExpiryRule, expiryOf } from './expiry.ts'
import { signedQuery } from './signer.ts'
import type { SigningKey } from './signing-key.ts'

export type SignedCdnOptions = ExpiryRule & {
  /** Scheme and authority that viewers ask, with no trailing slash. */
  origin: string
  key: SigningKey
  /** Milliseconds since 1970. */
  now?: () => number
}

/** About 40 MB of queries. A photo beyond them costs one more signature: 0.3 ms. */
const MAX_REMEMBERED = 50_000

/** Signs one policy per photo and window, and reuses it for all of the photo's renditions. */
export class SignedCdn implements Cdn {
  /** The local edge reads the store at every request. */
  readonly keepsCopies = false
  readonly #options: SignedCdnOptions
  readonly #now: () => number
  readonly #signed = new LRUCache<PhotoId, { expires: number; query: string }>({ max: MAX_REMEMBERED })

  constructor(options: SignedCdnOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  deliver(id: PhotoId): Delivery {
    const { origin } = this.#options
    const { expires, query } = this.#sign(id)
    return {
      expiresAt: new Date(expires * 1000),
      urlOf: (key) => `${origin}/${key}?${query}`,
    }
  }

  async invalidate(ids: readonly PhotoId[]): Promise<readonly PhotoId[]> {
    return ids
  }

  #sign(id: PhotoId): { expires: number; query: string } {
    const { origin, key } = this.#options
    const expires = expiryOf(id, this.#now(), this.#options)
    const known = this.#signed.get(id)
    if (known?.expires === expires) return known
    const signed = {
      expires,
      query: signedQuery({ prefix: `${origin}/${renditionsPrefix(id)}`, expires }, key),
    }
    this.#signed.set(id, signed)
    return signed
  }
}
