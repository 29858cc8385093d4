import { renditionsPrefix } from '../photo/object-keys.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { Cdn, Delivery } from './cdn.ts'
import type { CloudFront } from './cloudfront.ts'
import { InvalidationBatches } from './invalidation-batches.ts'
import { SignedCdn, type SignedCdnOptions } from './signed-cdn.ts'

export type CloudFrontCdnOptions = SignedCdnOptions & {
  cloudFront: CloudFront
  /** First wait after a refusal; each further one doubles it. */
  backoffMs?: number
}

/** CloudFront in front of the bucket: it checks what we sign, and keeps copies until we take them down. */
export class CloudFrontCdn implements Cdn, Disposable {
  readonly #signed: SignedCdn
  readonly #cloudFront: CloudFront
  readonly #invalidations: InvalidationBatches

  constructor({ cloudFront, backoffMs, ...signed }: CloudFrontCdnOptions) {
    this.#signed = new SignedCdn(signed)
    this.#cloudFront = cloudFront
    this.#invalidations = new InvalidationBatches(
      async (paths) => await cloudFront.invalidate(paths),
      backoffMs === undefined ? {} : { backoffMs },
    )
  }

  deliver(id: PhotoId): Delivery {
    return this.#signed.deliver(id)
  }

  /** One wildcard a photo: it costs as one path, and needs no list of what was ever made of the photo. */
  async invalidate(ids: readonly PhotoId[]): Promise<void> {
    await this.#invalidations.add(ids.map((id) => `/${renditionsPrefix(id)}*`))
  }

  [Symbol.dispose](): void {
    this.#cloudFront[Symbol.dispose]()
  }
}
