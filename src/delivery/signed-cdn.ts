import { LRUCache } from 'lru-cache'
import { type Place, PUBLIC_PREFIX, renditionsPrefix } from '../photo/object-keys.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { Cdn, Copies, Delivery } from './cdn.ts'
import { type ExpiryRule, expiryOf } from './expiry.ts'
import { policyText } from './policy.ts'
import { signedQuery } from './signer.ts'
import type { SigningKey } from './signing-key.ts'

export type SignedCdnOptions = ExpiryRule & {
  /** Scheme and authority that viewers ask, with no trailing slash. */
  origin: string
  key: SigningKey
  /** Milliseconds since 1970. */
  now?: () => number
}

/** About 40 MB of queries. One more signature for what is beyond them: 0.3 ms. */
const MAX_REMEMBERED = 50_000

/** For whoever looks at a photo's renditions once. */
const LENT: ExpiryRule = { windowSeconds: 300, minLifeSeconds: 600 }

/** Signs a policy once for a window, and reuses it for all that it covers. */
export class SignedCdn implements Cdn {
  /** The local edge reads the store at every request. */
  readonly keepsCopies = false
  readonly #options: SignedCdnOptions
  readonly #now: () => number
  readonly #signed = new LRUCache<string, string>({ max: MAX_REMEMBERED })

  constructor(options: SignedCdnOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  grant(viewer: OwnerId): Delivery {
    return this.#deliver(PUBLIC_PREFIX, viewer)
  }

  deliver(place: Place, viewer: OwnerId): Delivery {
    const prefix = renditionsPrefix(place)
    return prefix.startsWith(PUBLIC_PREFIX) ? this.grant(viewer) : this.#deliver(prefix, place.id)
  }

  lend(place: Place): Delivery {
    return this.#deliver(renditionsPrefix(place), place.id, LENT)
  }

  async invalidate(copies: readonly Copies[]): Promise<readonly Copies[]> {
    return copies
  }

  /** What opens all that begins so, until the next turn of whoever it is for. */
  #deliver(path: string, whom: string, rule: ExpiryRule = this.#options): Delivery {
    const { origin, key } = this.#options
    const grant = { prefix: `${origin}/${path}`, expires: expiryOf(whom, this.#now(), rule) }
    const policy = policyText(grant)
    const query = () => {
      const signed = this.#signed.get(policy) ?? signedQuery(grant, key)
      this.#signed.set(policy, signed)
      return signed
    }
    return {
      origin,
      expiresAt: new Date(grant.expires * 1000),
      terms: `${key.keyPairId} ${policy}`,
      query,
      urlOf: (key) => `${origin}/${key}?${query()}`,
    }
  }
}
