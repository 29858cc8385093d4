import { CdnBusyError } from '../errors.ts'
import type { Place } from '../photo/object-keys.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { Cdn, Copies, Delivery } from './cdn.ts'
import type { CloudFront } from './cloudfront.ts'
import { BY_PATH, BY_TAG, type CopyNaming } from './copy-naming.ts'
import { SignedCdn, type SignedCdnOptions } from './signed-cdn.ts'

export type CloudFrontCdnOptions = SignedCdnOptions & { cloudFront: CloudFront }

/** CloudFront in front of the bucket: it checks what we sign, and keeps copies until we take them down. */
export class CloudFrontCdn implements Cdn, Disposable {
  readonly keepsCopies = true
  readonly #signed: SignedCdn
  readonly #cloudFront: CloudFront
  #naming: CopyNaming | null = null
  /** Halved by a refusal, doubled by success. */
  #batch = BY_TAG.most

  constructor({ cloudFront, ...signed }: CloudFrontCdnOptions) {
    this.#signed = new SignedCdn(signed)
    this.#cloudFront = cloudFront
  }

  grant(viewer: OwnerId): Delivery {
    return this.#signed.grant(viewer)
  }

  deliver(place: Place, viewer: OwnerId): Delivery {
    return this.#signed.deliver(place, viewer)
  }

  lend(place: Place): Delivery {
    return this.#signed.lend(place)
  }

  /**
   * By tag where the distribution reads tags, else by a wildcard of the path. Each photo costs as one path either way,
   * and needs no list of what was ever made of it.
   */
  async invalidate(copies: readonly Copies[]): Promise<readonly Copies[]> {
    this.#naming ??= (await this.#cloudFront.readsCacheTags()) ? BY_TAG : BY_PATH
    const { nameOf, most } = this.#naming
    const taken = copies.slice(0, Math.min(this.#batch, most))
    try {
      const names = new Set(taken.map(nameOf).sort())
      await this.#cloudFront.invalidate(
        [...names],
        taken.map(({ prefix, occasion }) => prefix + occasion).sort(),
      )
    } catch (error) {
      if (error instanceof CdnBusyError) this.#batch = Math.max(Math.floor(taken.length / 2), 1)
      throw error
    }
    this.#batch = Math.min(this.#batch * 2, most)
    return taken
  }

  [Symbol.dispose](): void {
    this.#cloudFront[Symbol.dispose]()
  }
}
