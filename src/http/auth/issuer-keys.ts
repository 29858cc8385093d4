import { setTimeout as sleep } from 'node:timers/promises'
import { type CryptoKey, createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { EngineUnavailableError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type KeySet, requestKeySet } from './key-set.ts'

const TIMES = {
  /** A key that the issuer withdrew is taken for that long at most, while it answers. */
  refreshMs: 600_000,
  retryMs: 60_000,
  /** Between two requests to the issuer, whatever tokens anybody sends us. */
  pauseMs: 2_000,
}

/**
 * The keys that tokens of an issuer are checked with, from its JWKS URL. They are fetched at once, anew every ten
 * minutes, and when a token names one that is not among them. While the issuer does not answer, those that are
 * known are good.
 */
export class IssuerKeys implements Disposable {
  readonly #url: string
  readonly #log: Log
  readonly #times: typeof TIMES
  readonly #disposed = new AbortController()
  #find: ReturnType<typeof createLocalJWKSet> | null = null
  /** When the newest request began, by the monotonic clock. */
  #requestedAt = Number.NEGATIVE_INFINITY
  #request: Promise<void> | null = null

  constructor(url: string, log: Log, times = TIMES) {
    this.#url = url
    this.#log = log
    this.#times = times
    void this.#keepFresh()
  }

  /**
   * The key of a token. One that is known is found without a wait; another is unknown only when the issuer, asked
   * after the token came, does not list it. Throws EngineUnavailableError when the issuer can't say, and jose's
   * JWKSNoMatchingKey or JWKSMultipleMatchingKeys.
   */
  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    const cameAt = performance.now()
    for (;;) {
      const key = await this.#known(header, token)
      if (key) return key
      if (this.#requestedAt >= cameAt) throw new errors.JWKSNoMatchingKey()
      await this.#refresh()
    }
  }

  /** Resolves when the issuer was asked since that moment of the monotonic clock. Throws EngineUnavailableError. */
  async refreshedSince(moment: number): Promise<void> {
    while (this.#requestedAt < moment) await this.#refresh()
  }

  [Symbol.dispose](): void {
    this.#disposed.abort()
  }

  async #known(...[header, token]: Parameters<JWTVerifyGetKey>): Promise<CryptoKey | null> {
    if (!this.#find) return null
    try {
      return await this.#find(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return null
      if (error instanceof errors.JWKSMultipleMatchingKeys) throw error
      throw new EngineUnavailableError('The key that the token names is malformed.', { cause: error })
    }
  }

  /** One request at a time, which all wait for who need it. Throws EngineUnavailableError. */
  async #refresh(): Promise<void> {
    this.#request ??= this.#fetch().finally(() => {
      this.#request = null
    })
    await this.#request
  }

  async #fetch(): Promise<void> {
    await sleep(Math.max(this.#requestedAt + this.#times.pauseMs - performance.now(), 0))
    this.#requestedAt = performance.now()
    const keySet: KeySet = await requestKeySet(this.#url)
    this.#find = createLocalJWKSet(keySet)
  }

  async #keepFresh(): Promise<void> {
    const { signal } = this.#disposed
    const { refreshMs, retryMs } = this.#times
    while (!signal.aborted) {
      const isFresh = await this.#refresh().then(
        () => true,
        (err) => {
          const meanwhile = this.#find ? 'those that are known are used meanwhile' : 'no token can be checked'
          this.#log.warn({ err }, `the issuer's keys are unavailable; ${meanwhile}`)
          return false
        },
      )
      await sleep(isFresh ? refreshMs : retryMs, null, { signal, ref: false }).catch(() => {})
    }
  }
}
